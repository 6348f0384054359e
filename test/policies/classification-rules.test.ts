import { describe, expect, it, vi } from 'vitest';
import { ErrorResponse } from '../../src/core/error-response.ts';
import { ProviderError } from '../../src/core/provider-error.ts';
import type { StreamResult } from '../../src/core/stream-result.ts';
import { type ClassificationConfig, classifyFailure, type Rule } from '../../src/policies/classification.ts';
import { seededRandom } from '../../src/policies/jitter.ts';
import { networkFailure } from '../../src/policies/network-failure.ts';
import { StreamDeadlines } from '../../src/policies/stream-deadlines.ts';

const classify = (error: unknown, config: ClassificationConfig = {}) => classifyFailure(error, config, 'connect', 0);
const ruled = (error: unknown, ...rules: Rule[]) => classify(error, { rules });

describe('a rule about an error already classified', () => {
  const known = () =>
    new ProviderError({ category: 'server-error', status: 500, code: 'boom', detail: 'xbroken pipe', retryAfterMs: 7, retryable: true });

  it('may look at its status, its code, its category, or the words of its detail', () => {
    const matching: Rule[] = [
      { status: 500 },
      { status: [400, 500] },
      { code: 'boom' },
      { code: 'server-error' },
      { message: 'BROKEN' },
      { message: /broken/ },
      { when: () => true },
    ];
    for (const rule of matching) expect(ruled(known(), { ...rule, category: 'conflict' }).category, JSON.stringify(rule)).toBe('conflict');
    const others: Rule[] = [
      { status: 501 },
      { status: [400] },
      { code: 'bo' },
      { message: 'intact' },
      { message: /intact/ },
      { when: () => false },
    ];
    for (const rule of others) {
      const error = known();
      expect(ruled(error, { ...rule, category: 'conflict' }), JSON.stringify(rule)).toBe(error);
    }
  });

  it('looks at its message where it has no detail', () => {
    const error = new ProviderError({ category: 'network', provider: 'acme' });
    expect(ruled(error, { message: 'acme: network', category: 'conflict' }).category).toBe('conflict');
    expect(ruled(known(), { message: 'server-error', category: 'conflict' }).category).toBe('server-error');
  });

  it('changes what it names, and leaves the rest', () => {
    expect(ruled(known(), { status: 500, retryable: false })).toMatchObject({
      category: 'server-error',
      retryable: false,
      retryAfterMs: 7,
      code: 'boom',
      status: 500,
    });
    expect(ruled(known(), { status: 500, retryAfterMs: 9 })).toMatchObject({ category: 'server-error', retryable: true, retryAfterMs: 9 });
    expect(ruled(known(), { status: 500, retryAfterMs: 0 }).retryAfterMs).toBe(0);
    // A category brings its own default; without one, the error keeps its own.
    expect(ruled(known(), { status: 500, category: 'conflict' })).toMatchObject({ retryable: false, retryAfterMs: 7 });
    expect(ruled(known(), { status: 500, category: 'conflict', retryable: true })).toMatchObject({ retryable: true });
    const odd = new ProviderError({ category: 'server-error', status: 500, retryable: false });
    expect(ruled(odd, { status: 500, retryAfterMs: 1 }).retryable).toBe(false);
  });

  it('that says nothing new leaves the object alone', () => {
    for (const rule of [{}, { category: 'server-error' }, { retryable: true }, { retryAfterMs: 7 }] satisfies Rule[]) {
      const error = known();
      expect(ruled(error, { status: 500, ...rule })).toBe(error);
    }
  });

  it('keeps the partial answer', () => {
    const partial = { text: 'so far' } as StreamResult;
    const error = new ProviderError({ category: 'interrupted', partial: () => partial });
    expect(ruled(error, { category: 'network' }).partial).toBe(partial);
  });
});

describe('a rule about anything thrown', () => {
  it('sees the first 2,000 characters of a message', () => {
    const rule: Rule = { message: 'needle', category: 'conflict' };
    expect(ruled(new Error(`${' '.repeat(1_994)}needle`), rule).category).toBe('conflict');
    expect(ruled(new Error(`${' '.repeat(1_995)}needle`), rule).category).toBe('unknown');
    expect(ruled(new Error(`${' '.repeat(1_995)}needle`), { ...rule, message: /needle/ }).category).toBe('unknown');
  });

  it('finds a pattern anywhere, and nothing in what has no message', () => {
    expect(ruled(new Error('needle'), { message: /needle/, category: 'conflict' }).category).toBe('conflict');
    expect(ruled(new Error('a needle'), { message: /needle/, category: 'conflict' }).category).toBe('conflict');
    expect(ruled(new Error('1needle'), { message: /needle/, category: 'conflict' }).category).toBe('conflict');
    expect(ruled(new Error('hay'), { message: /needle/, category: 'conflict' }).category).toBe('unknown');
    expect(ruled(undefined, { message: /needle/, category: 'conflict' }).category).toBe('unknown');
    expect(ruled({}, { message: 'needle', category: 'conflict' }).category).toBe('unknown');
  });

  it('that throws does not match, and hides nothing', () => {
    const when = () => {
      throw new Error('its own');
    };
    expect(ruled(new TypeError('fetch failed'), { when, category: 'conflict' }).category).toBe('network');
  });
});

describe('a description by the provider', () => {
  it('is asked for only where the provider has said something', () => {
    const describeError = vi.fn(() => undefined);
    classify(new Error('x'), { describeError });
    expect(describeError).not.toHaveBeenCalled();
    classify(new ErrorResponse({ status: 500, body: undefined, headers: new Headers() }), { describeError });
    expect(describeError).toHaveBeenCalledOnce();
  });

  it('gives the detail, or else the message does', () => {
    const response = () => Object.assign(new Error('its message'), { status: 500 });
    expect(classify(response(), { describeError: () => ({ detail: 'told' }) }).detail).toBe('told');
    expect(classify(response(), { describeError: () => ({}) }).detail).toBe('its message');
  });
});

describe('a failure of the network', () => {
  it('is looked for eight causes deep', () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? Object.assign(new Error('x'), { code: 'ECONNRESET' }) : new Error('x', { cause: nested(depth - 1) });
    expect(networkFailure(nested(7))?.code).toBe('ECONNRESET');
    expect(networkFailure(nested(8))).toBeUndefined();
  });

  it('is known by the beginning of a code of TLS', () => {
    expect(networkFailure({ code: 'CERT_HAS_EXPIRED' })).toEqual({ category: 'network', code: 'CERT_HAS_EXPIRED' });
    expect(networkFailure({ code: 'MY_CERT_HAS_EXPIRED' })).toBeUndefined();
  });

  it('is not read from what is no text', () => {
    for (const code of [7, null, {}, ['CERT_X'], ['ECONNRESET']]) expect(networkFailure({ code }), JSON.stringify(code)).toBeUndefined();
    for (const message of [7, null, ['fetch failed']]) expect(networkFailure({ message }), JSON.stringify(message)).toBeUndefined();
    expect(networkFailure({ message: 'x', cause: null })).toBeUndefined();
  });

  it('is nothing where looking for it throws', () => {
    const error = {
      get code() {
        throw new Error('its own');
      },
    };
    expect(networkFailure(error)).toBeUndefined();
  });

  it('may be an abort', () => {
    expect(networkFailure(new DOMException('x', 'AbortError'))).toEqual({ category: 'cancelled', code: 'AbortError' });
    expect(networkFailure({ name: 'AbortError' })).toEqual({ category: 'cancelled', code: 'AbortError' });
    expect(networkFailure({ name: '' })).toBeUndefined();
  });
});

describe('deadlines that pass in the same moment', () => {
  const at = { headers: 100, firstContent: 100, idle: 100, total: 100 };

  it('are told as the total one, and else as the first in order', () => {
    expect(new StreamDeadlines(at, 0).due()).toEqual({ at: 100, name: 'total' });
    const watch = new StreamDeadlines({ ...at, total: 101 }, 0);
    expect(watch.due()).toEqual({ at: 100, name: 'headers' });
    watch.headersCame();
    expect(watch.due()).toEqual({ at: 100, name: 'first-content' });
    watch.alive(1);
    watch.headersCame();
    expect(watch.due()).toEqual({ at: 101, name: 'total' });
  });
});

describe('the seed of the jitter', () => {
  it('is hashed as anybody else’s FNV-1a and MurmurHash3 would', () => {
    const vectors: [string, number][] = [
      ['', 2872998923],
      ['a', 444641715],
      ['req_1:nonce:openai:1', 2168492819],
    ];
    for (const [seed, hash] of vectors) expect(seededRandom(seed) * 2 ** 32, seed).toBe(hash);
  });
});
