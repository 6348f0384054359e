import { describe, expect, it, test } from 'vitest';
import { networkFailure } from '../../src/policies/network-failure.ts';

const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });
const fetchFailed = (cause: unknown) => new TypeError('fetch failed', { cause });

describe('a failure of the network', () => {
  test.each([
    'ECONNRESET',
    'ECONNREFUSED',
    'ECONNABORTED',
    'EPIPE',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ETIMEDOUT',
    'UND_ERR_SOCKET',
    'ERR_STREAM_PREMATURE_CLOSE',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])('cls-07 cls-15 is known by its code, direct and through fetch: %s', (code) => {
    expect(networkFailure(coded(code))).toEqual({ category: 'network', code });
    expect(networkFailure(fetchFailed(coded(code)))).toEqual({ category: 'network', code });
  });

  test.each(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])(
    'cls-06 is a timeout by its code: %s',
    (code) => {
      expect(networkFailure(fetchFailed(coded(code)))).toEqual({ category: 'timeout', code });
    },
  );

  test.each([
    'fetch failed',
    'Failed to fetch',
    'Load failed',
    'NetworkError when attempting to fetch resource.',
    'Network request failed',
    'The network connection was lost.',
    'terminated',
    'other side closed',
    'socket hang up',
    'Connection reset by peer',
    'Connection refused',
    'Stream interrupted',
    'network error',
    'net::ERR_CONNECTION_RESET',
  ])('cls-15 is known by what the runtime says: %s', (message) => {
    expect(networkFailure(new TypeError(message))?.category).toBe('network');
  });

  it('has Chromium’s code', () => {
    expect(networkFailure(new Error('net::ERR_CONNECTION_RESET'))).toEqual({ category: 'network', code: 'ERR_CONNECTION_RESET' });
    expect(networkFailure(new Error('net::ERR_TIMED_OUT'))).toEqual({ category: 'timeout', code: 'ERR_TIMED_OUT' });
  });

  it('cls-06 is a timeout by the name of the error', () => {
    expect(networkFailure(new DOMException('The operation timed out.', 'TimeoutError'))).toEqual({ category: 'timeout', code: undefined });
  });

  it('is named by the deepest cause', () => {
    const error = coded('UND_ERR_SOCKET');
    error.cause = coded('ECONNRESET');
    expect(networkFailure(fetchFailed(error))?.code).toBe('ECONNRESET');
    expect(networkFailure(fetchFailed(new Error('unknown to us')))).toEqual({ category: 'network', code: undefined });
  });

  it('is found in an error for each address of a host', () => {
    const all = Object.assign(new AggregateError([coded('ECONNREFUSED', '::1'), coded('ECONNREFUSED', '127.0.0.1')]), {});
    expect(networkFailure(fetchFailed(all))).toEqual({ category: 'network', code: 'ECONNREFUSED' });
  });

  it('is the caller’s mistake where the address is none', () => {
    expect(networkFailure(fetchFailed(coded('ERR_INVALID_URL')))?.category).toBe('invalid-request');
  });

  it('is not seen in other errors', () => {
    for (const error of [
      new Error('Some random error'),
      new TypeError("Cannot read properties of undefined (reading 'x')"),
      coded('ENOENT'),
      coded('constructor'),
      null,
      'x',
      5,
    ]) {
      expect(networkFailure(error), String(error)).toBeUndefined();
    }
  });

  it('ends its search in a circle of causes', () => {
    const circle = new Error('a');
    circle.cause = new Error('b', { cause: circle });
    expect(networkFailure(circle)).toBeUndefined();
  });
});
