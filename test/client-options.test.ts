import { describe, expect, it, test } from 'vitest';
import { type ClientConfig, parseClientConfig, parseStreamOptions, type StreamOptions } from '../src/client-options.ts';
import { defaults } from '../src/core/defaults.ts';
import type { Provider } from '../src/core/provider.ts';
import type { Transport } from '../src/core/transport.ts';
import { createCircuitBreakers } from '../src/operators/create-circuit-breaker.ts';
import { openai } from '../src/providers/openai.ts';

const provider = openai();
const transport: Transport = () => {
  throw new Error('not called');
};
const config = (more: object = {}) => parseClientConfig({ provider, ...more } as ClientConfig);
const call = (options: StreamOptions = {}, more: object = {}) => parseStreamOptions(options, config(more));

describe('a client', () => {
  it('needs only a provider', () => {
    const settings = config();
    expect(settings).toMatchObject({ provider, maxRequests: 8, retry: {}, timeout: defaults.timeout, classify: {} });
    expect(settings.transportOf(provider)).toBeTypeOf('function');
    expect(settings.breakers.get('p', 'm').state).toBe('closed');
  });

  it('has breakers of its own, unless it is given some', () => {
    expect(config().breakers).not.toBe(config().breakers);
    const breakers = createCircuitBreakers();
    expect(config({ breakers }).breakers).toBe(breakers);
  });

  it('takes its own transport, else the provider’s', () => {
    const own: Transport = () => {
      throw new Error('not called');
    };
    const withTransport: Provider = { ...provider, transport };
    expect(config({ provider: withTransport }).transportOf(withTransport)).toBe(transport);
    expect(config({ provider: withTransport, transport: own }).transportOf(withTransport)).toBe(own);
    expect(
      config({ transport: undefined, retry: undefined, timeout: undefined, breakers: undefined, classify: undefined }).timeout,
    ).toEqual(defaults.timeout);
  });

  it('overrides deadlines one by one, and undefined overrides nothing', () => {
    expect(config({ timeout: { idle: 5, total: Number.POSITIVE_INFINITY, headers: undefined } }).timeout).toEqual({
      headers: 30_000,
      firstContent: 120_000,
      idle: 5,
      total: Number.POSITIVE_INFINITY,
    });
  });

  test.each<[string, object, string]>([
    [
      'no provider',
      { provider: undefined },
      'createClient: provider is missing: it must be a provider, as openai() or anthropic() make one',
    ],
    [
      'a provider that is a name',
      { provider: 'openai' },
      'createClient: provider must be a provider, as openai() or anthropic() make one, got "openai"',
    ],
    [
      'a provider that was not made',
      { provider: openai },
      'createClient: provider must be a provider, as openai() or anthropic() make one, got a function',
    ],
    ['a typo', { retires: {} }, 'createClient: retires is not an option'],
    ['rty-16 no attempts', { retry: { maxAttempts: 0 } }, 'createClient: retry.maxAttempts must be a whole number from 1, got 0'],
    ['a typo inside', { retry: { attempts: 3 } }, 'createClient: retry.attempts is not an option'],
    [
      'a jitter that is none',
      { retry: { jitter: 'some' } },
      'createClient: retry.jitter must be one of none, full, equal, proportional, decorrelated, got "some"',
    ],
    [
      'a deadline of nothing',
      { timeout: { idle: 0 } },
      'createClient: timeout.idle must be a number of milliseconds from 1 to 2147483647, or Infinity, got 0',
    ],
    [
      'a deadline as text',
      { timeout: { total: '10m' } },
      'createClient: timeout.total must be a number of milliseconds from 1 to 2147483647, or Infinity, got "10m"',
    ],
    ['no requests', { maxRequests: 0 }, 'createClient: maxRequests must be a whole number from 1, got 0'],
    ['breakers that are none', { breakers: {} }, 'createClient: breakers must be made with createCircuitBreakers(), got an object'],
    [
      'a transport that is none',
      { transport: fetch.name },
      'createClient: transport must be a transport, as fetchTransport() makes one, got "fetch"',
    ],
    [
      'a category that is none',
      { classify: { rules: [{ category: 'busy' }] } },
      'createClient: classify.rules.0.category must be an error category, got "busy"',
    ],
    ['a rule with a typo', { classify: { rules: [{ statsu: 5 }] } }, 'createClient: classify.rules.0.statsu is not an option'],
  ])('is not made with %s', (_name, more, message) => {
    expect(() => config(more)).toThrow(new TypeError(message));
  });

  it('is not made without a configuration', () => {
    expect(() => parseClientConfig(undefined as unknown as ClientConfig)).toThrow(TypeError);
    expect(() => parseClientConfig(null as unknown as ClientConfig)).toThrow(TypeError);
  });
});

describe('a call', () => {
  it('needs no options', () => {
    expect(call()).toEqual({
      requestId: undefined,
      idempotencyKey: undefined,
      tenant: undefined,
      maxRequests: 8,
      usageAfterStop: 0,
      recovery: ['resume'],
      from: undefined,
      signal: undefined,
      raw: false,
      timeout: defaults.timeout,
      retry: { budget: expect.objectContaining({ kind: 'budget' }) },
    });
  });

  it('overrides the client’s options one by one', () => {
    const settings = call(
      { retry: { maxAttempts: 1 }, timeout: { idle: 7, headers: undefined } },
      { retry: { jitter: 'none', maxAttempts: 5 }, timeout: { headers: 9 } },
    );
    expect(settings.retry).toMatchObject({ jitter: 'none', maxAttempts: 1 });
    expect(settings.timeout).toEqual({ headers: 9, firstContent: 120_000, idle: 7, total: 600_000 });
  });

  it('does not change the client', () => {
    const client = config({ retry: { maxAttempts: 5 } });
    parseStreamOptions({ retry: { maxAttempts: 1 }, timeout: { idle: 1 } }, client);
    expect(client.retry).toEqual({ maxAttempts: 5 });
    expect(client.timeout).toEqual(defaults.timeout);
  });

  it('takes ids that fit a header', () => {
    for (const id of ['a', 'req_01-~!', 'x'.repeat(128)])
      expect(call({ requestId: id, idempotencyKey: id })).toMatchObject({ requestId: id, idempotencyKey: id });
  });

  test.each<[string, object, RegExp]>([
    ['an empty id', { requestId: '' }, /^stream: requestId must be 1 to 128 visible ASCII characters, got ""$/],
    ['an id with a line end', { requestId: 'a\r\nx: 1' }, /^stream: requestId must be/],
    ['an id that is too long', { requestId: 'x'.repeat(129) }, /^stream: requestId must be/],
    ['an id of other letters', { idempotencyKey: 'é' }, /^stream: idempotencyKey must be/],
    ['a signal that is none', { signal: {} }, /^stream: signal must be an AbortSignal, got an object$/],
    ['a typo', { timeouts: {} }, /^stream: timeouts is not an option$/],
    ['rty-16 no attempts', { retry: { maxAttempts: 0 } }, /^stream: retry.maxAttempts must be/],
    ['raw that is no choice', { raw: 'yes' }, /^stream: raw must be true or false, got "yes"$/],
  ])('is refused with %s', (_name, options, message) => {
    expect(() => call(options as StreamOptions)).toThrow(message);
    expect(() => call(options as StreamOptions)).toThrow(TypeError);
  });

  it('takes a signal of this realm, also one that was aborted', () => {
    const signal = AbortSignal.abort();
    expect(call({ signal }).signal).toBe(signal);
  });
});
