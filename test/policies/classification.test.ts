import { createContext, runInContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, test, vi } from 'vitest';
import type { Checkpoint } from '../../src/core/checkpoint.ts';
import { type ErrorCategory, errorCategories } from '../../src/core/error-category.ts';
import { ErrorResponse } from '../../src/core/error-response.ts';
import { ProviderError } from '../../src/core/provider-error.ts';
import { backoffSchema } from '../../src/policies/backoff.ts';
import { type ClassificationConfig, classifyFailure } from '../../src/policies/classification.ts';
import { decideRetry } from '../../src/policies/retry-decision.ts';
import { anthropic } from '../../src/providers/anthropic.ts';
import { describeKnownError } from '../../src/providers/known-errors.ts';
import { openai } from '../../src/providers/openai.ts';
import { propertyTimeout, runs } from '../core/properties.ts';

const now = Date.UTC(2026, 0, 15);
const classify = (error: unknown, config: ClassificationConfig = {}) =>
  classifyFailure(error, { describeError: describeKnownError, ...config }, 'connect', now);
const response = (status: number | undefined, body?: unknown, headers: Record<string, string> = {}) =>
  new ErrorResponse({ status, body, headers: new Headers(headers) });
const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });
/** An error as the SDKs make them. */
const sdk = (status: number, message = 'x', more: object = {}) => Object.assign(new Error(message), { status, ...more });

const providers = [openai(), anthropic(), openai({ baseURL: 'https://api.x.ai/v1', name: 'xai' })];
const of = (provider: (typeof providers)[number]): ClassificationConfig => ({
  provider: provider.name,
  describeError: (facts) => provider.describeError?.(facts),
});

describe.each(providers.map((provider) => [provider.name, of(provider)] as const))('a failure of %s', (name, config) => {
  it('cls-01 cls-04 rate limit with a Retry-After', () => {
    const error = classify(response(429, { error: { message: 'slow down', type: 'rate_limit_error' } }, { 'retry-after': '60' }), config);
    expect(error).toMatchObject({ category: 'rate-limit', retryable: true, retryAfterMs: 60_000, provider: name });
    expect(error.toPublic().message).not.toBe('');
  });

  test.each<[string, number, ErrorCategory, boolean]>([
    ['cls-02 cls-05', 401, 'authentication', false],
    ['cls-03', 500, 'server-error', true],
    ['cls-20', 429, 'rate-limit', true],
    ['cls-20', 400, 'invalid-request', false],
    ['cls-21', 503, 'server-error', true],
    ['cls-23', 403, 'permission-denied', false],
    ['cls-23', 404, 'not-found', false],
    ['cls-24', 502, 'server-error', true],
    ['cls-24', 504, 'server-error', true],
  ])('%s status %i is %s', (_id, status, category, retryable) => {
    for (const thrown of [response(status), sdk(status)]) expect(classify(thrown, config)).toMatchObject({ category, retryable, status });
  });

  it('cls-06 cls-07 timeout and refused connection', () => {
    expect(classify(new Error('Request timed out'), config)).toMatchObject({ category: 'timeout', retryable: true });
    expect(classify(new Error('Connection refused'), config)).toMatchObject({ category: 'network', retryable: true });
    expect(classify(coded('ECONNREFUSED', 'All connection attempts failed'), config)).toMatchObject({
      category: 'network',
      retryable: true,
    });
  });
});

describe('built-in classification', () => {
  test.each<[number, ErrorCategory, boolean]>([
    [401, 'authentication', false],
    [403, 'permission-denied', false],
    [404, 'not-found', false],
    [409, 'conflict', false],
    [429, 'rate-limit', true],
    [500, 'server-error', true],
    [502, 'server-error', true],
    [503, 'server-error', true],
    [504, 'server-error', true],
  ])('cls-09 status %i alone is %s', (status, category, retryable) => {
    expect(classify(response(status))).toMatchObject({ category, retryable, status });
  });

  test.each<[number, ErrorCategory, boolean]>([
    [408, 'timeout', true],
    [425, 'server-error', true],
    [529, 'overloaded', true],
    [530, 'server-error', true],
    [520, 'server-error', true],
    [524, 'server-error', true],
    [501, 'server-error', false],
    [402, 'quota-exhausted', false],
    [413, 'invalid-request', false],
    [418, 'invalid-request', false],
    [400, 'invalid-request', false],
    [422, 'invalid-request', false],
    [405, 'invalid-request', false],
    [410, 'not-found', false],
  ])('cls-12 status %i alone is %s', (status, category, retryable) => {
    expect(classify(response(status))).toMatchObject({ category, retryable });
  });

  it('cls-10 a programming error is unknown and not retryable', () => {
    expect(classify(new Error('Some random error'))).toMatchObject({ category: 'unknown', retryable: false });
    expect(classify(new Error('Some random error'), { unknownRetryable: true }).retryable).toBe(true);
    expect(classify(response(401), { unknownRetryable: true }).retryable).toBe(false);
  });

  it('cls-11 an exact value on the error wins over a header, a header is read where it is alone', () => {
    expect(classify(response(429, undefined, { 'retry-after': '45' })).retryAfterMs).toBe(45_000);
    expect(classify(response(429, { retry_after: 30 })).retryAfterMs).toBe(30_000);
    const rules = [{ status: 429, retryAfterMs: 30_000 }];
    expect(classify(response(429, undefined, { 'retry-after': '45' }), { rules }).retryAfterMs).toBe(30_000);
  });

  it('cls-13 an account without credit is not a rate limit', () => {
    const body = { error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' } };
    expect(classify(response(429, body), of(openai()))).toMatchObject({
      category: 'quota-exhausted',
      retryable: false,
      code: 'insufficient_quota',
    });
  });

  test.each<[number, string, ErrorCategory, boolean]>([
    [401, 'Invalid API key: see rate limit docs', 'authentication', false],
    [400, 'Your request timeout parameter is invalid', 'invalid-request', false],
    [400, 'content policy violation: request timed out', 'invalid-request', false],
  ])('cls-14 status %i counts before the words “%s”', (status, message, category, retryable) => {
    for (const thrown of [response(status, { error: { message } }), sdk(status, message)])
      expect(classify(thrown)).toMatchObject({ category, retryable });
  });

  it.each(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'UND_ERR_SOCKET'])(
    'cls-15 %s behind “fetch failed” is the network',
    (code) => {
      expect(classify(new TypeError('fetch failed', { cause: coded(code) }))).toMatchObject({ category: 'network', retryable: true, code });
    },
  );

  it('cls-17 a retryable error without Retry-After has no wait of its own', () => {
    for (const status of [408, 429, 500, 529]) expect(classify(response(status)).retryAfterMs).toBeUndefined();
  });

  it('cls-18 keeps provider, status, category, and the error itself as the cause', () => {
    const thrown = sdk(503);
    const error = classify(thrown, { provider: 'xai', model: 'grok' });
    expect(error).toMatchObject({
      provider: 'xai',
      model: 'grok',
      status: 503,
      category: 'server-error',
      retryable: true,
      phase: 'connect',
    });
    expect(error.cause).toBe(thrown);
  });

  it('cls-29 an error without a cause is classified by its own status', () => {
    expect(classify({ status: 503 })).toMatchObject({ category: 'server-error', retryable: true });
  });

  it('cls-26 an error already classified stays the same object', () => {
    const error = classify(sdk(503));
    expect(classify(error)).toBe(error);
    expect(classify(error, { provider: 'x', rules: [{ status: 429, retryable: false }] })).toBe(error);
  });

  it('cls-25 the provider’s words are on the error only sanitized, and not in what an end user reads', () => {
    const error = classify(response(401, { error: { message: 'Incorrect API key provided: sk-abcdefgh12345' } }, {}));
    expect(`${error.message}${JSON.stringify(error)}`).not.toContain('sk-abc');
    expect(JSON.stringify(error.toPublic())).not.toContain('Incorrect');
  });

  it('redacts the request’s own secrets in every field', () => {
    const facts = {
      status: 400,
      body: { error: { message: 'got hunter2-xyzzy', code: 'hunter2-xyzzy' } },
      headers: undefined,
      secrets: ['hunter2-xyzzy'],
    };
    expect(JSON.stringify(classify(new ErrorResponse(facts)))).not.toContain('hunter2');
  });

  it('x-should-retry counts before category and provider, and not before the user', () => {
    expect(classify(response(500, undefined, { 'x-should-retry': 'false' })).retryable).toBe(false);
    expect(classify(response(409, undefined, { 'x-should-retry': 'true' })).retryable).toBe(true);
    expect(classify(response(500, undefined, { 'x-should-retry': 'false' }), { rules: [{ status: 500, retryable: true }] }).retryable).toBe(
      true,
    );
  });

  it('classifies an error inside a 200 by its body, not by the status', () => {
    const body = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    for (const thrown of [response(undefined, body), response(200, body)])
      expect(classify(thrown, of(anthropic()))).toMatchObject({ category: 'overloaded', retryable: true });
  });

  it('blames the provider for an error in words that nobody knows', () => {
    expect(classify(response(undefined, { error: { message: 'kaputt' } }))).toMatchObject({ category: 'server-error', retryable: true });
    expect(classify(new ErrorResponse({ status: undefined, body: undefined, headers: undefined, reason: 'no message' }))).toMatchObject({
      category: 'protocol',
      reason: 'no message',
    });
  });

  it('a body never moves an error between the 4xx and the 5xx', { timeout: propertyTimeout }, () => {
    const specific = fc.constantFrom(...(Object.keys(errorCategories) as ErrorCategory[]));
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), specific, specific, (status, category, genericCategory) => {
        const error = classify(response(status), { describeError: () => ({ category, genericCategory }) });
        const alone = classify(response(status));
        expect(errorCategories[error.category].side).toBe(errorCategories[alone.category].side);
      }),
      runs(),
    );
  });

  it('never throws, whatever was thrown', { timeout: propertyTimeout }, () => {
    const part = fc.anything();
    const odd = fc.oneof(
      part,
      fc.record(
        {
          status: part,
          statusCode: part,
          code: part,
          message: part,
          error: part,
          data: part,
          headers: part,
          response: part,
          responseBody: part,
          cause: part,
          name: part,
        },
        { requiredKeys: [] },
      ),
      part.map((cause) => new Error('x', { cause })),
      fc.record({ status: fc.integer({ min: 100, max: 599 }), body: part }).map(({ status, body }) => response(status, body)),
    );
    fc.assert(
      fc.property(odd, (thrown) => {
        const error = classify(thrown, of(openai()));
        expect(error).toBeInstanceOf(ProviderError);
        expect(`${error.message}${error.detail ?? ''}`).not.toMatch(/\p{Cc}/u);
        expect(error.retryAfterMs ?? 0).toBeGreaterThanOrEqual(0);
      }),
      runs(1_000),
    );
  });

  it('does not throw at an error whose members throw', () => {
    const hostile = Object.defineProperty(new Error('x'), 'status', {
      get() {
        throw new Error('getter');
      },
    });
    expect(classify(hostile)).toMatchObject({ cause: hostile });
  });

  it('a failure of the network is known in another realm too, as under Jest', () => {
    const foreign: unknown = runInContext(
      "Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), { code: 'ECONNRESET' }) })",
      createContext({}),
    );
    expect(foreign).not.toBeInstanceOf(Error);
    expect(classify(foreign)).toMatchObject({ category: 'network', retryable: true, code: 'ECONNRESET' });
  });

  it('Retry-After is read from headers that are not this realm’s Headers', () => {
    const headers = {
      get: (name: string) => (name === 'retry-after' ? '7' : null),
      *[Symbol.iterator]() {
        yield ['retry-after', '7'];
      },
    };
    expect(classify(sdk(429, 'x', { headers })).retryAfterMs).toBe(7_000);
    expect(classify(sdk(429, 'x', { headers: { 'Retry-After': '7' } })).retryAfterMs).toBe(7_000);
  });

  it('cls-06 an abort by the caller is no timeout and is never retried', () => {
    const { signal } = (() => {
      const controller = new AbortController();
      controller.abort();
      return controller;
    })();
    expect(classify(signal.reason)).toMatchObject({ category: 'cancelled', retryable: false });
  });
});

describe('errors of SDKs, by their shape', () => {
  test.each<[string, object, Partial<ProviderError>]>([
    [
      'openai',
      { status: 429, code: 'rate_limit_exceeded', headers: { 'retry-after': '2' }, error: { message: 'Rate limit' } },
      { category: 'rate-limit', status: 429, retryAfterMs: 2_000, code: 'rate_limit_exceeded' },
    ],
    [
      'AI SDK',
      { statusCode: 503, responseHeaders: { 'retry-after-ms': '250' }, responseBody: '{"error":{"message":"busy"}}' },
      { category: 'server-error', status: 503, retryAfterMs: 250 },
    ],
    ['axios', { response: { status: 404, headers: {} } }, { category: 'not-found', status: 404 }],
    [
      'Google',
      { status: 429, message: '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"34.4s"}]}}' },
      { category: 'rate-limit', retryAfterMs: 34_400, code: 'RESOURCE_EXHAUSTED' },
    ],
    ['a status that is none', { status: 'failed', message: 'Request timed out' }, { category: 'timeout', status: undefined }],
  ])('%s', (_name, members, expected) => {
    expect(classify(Object.assign(new Error('x'), members))).toMatchObject(expected);
  });
});

describe('rules of the user', () => {
  it('come first, in order, and all conditions must hold', () => {
    const rules = [
      { status: [500, 503], message: 'maintenance', category: 'overloaded' as const, retryAfterMs: 5_000 },
      { status: 503, retryable: false },
      { status: 503, category: 'not-found' as const },
    ];
    expect(classify(sdk(503, 'In Maintenance'), { rules })).toMatchObject({ category: 'overloaded', retryable: true, retryAfterMs: 5_000 });
    expect(classify(sdk(503, 'else'), { rules })).toMatchObject({ category: 'server-error', retryable: false });
    expect(classify(sdk(500, 'else'), { rules })).toMatchObject({ category: 'server-error', retryable: true });
  });

  it('cls-10 make an unknown error retryable, and a known one not', () => {
    expect(classify(new Error('Network issue'), { rules: [{ message: 'network issue', category: 'network' }] })).toMatchObject({
      category: 'network',
      retryable: true,
    });
    expect(classify(sdk(500), { rules: [{ status: 500, retryable: false }] }).retryable).toBe(false);
  });

  it('rty-07 rty-12 switch a whole category off, as found by the library', () => {
    const rules = [{ code: 'server-error', retryable: false }];
    const decision = (thrown: unknown) =>
      decideRetry(classify(thrown, { rules }), backoffSchema.parse({ jitter: 'none' }), {
        attempt: 1,
        requests: 1,
        maxRequests: 8,
        waited: 0,
        refusedFor: () => 0,
        takeToken: () => true,
        remaining: 1e9,
        random: () => 0,
      });
    expect(decision(new ProviderError({ category: 'server-error' }))).toEqual({ gaveUp: 'not-retryable' });
    expect(decision(response(500))).toEqual({ gaveUp: 'not-retryable' });
    expect(decision(response(429))).toEqual({ delayMs: 1_000 });
  });

  it('find codes: the provider’s, the network’s, and what the provider’s reading says', () => {
    const rules = [{ code: 'the-code', category: 'conflict' as const }];
    expect(classify(response(400, { error: { code: 'the-code' } }), { rules }).category).toBe('conflict');
    expect(classify(coded('the-code'), { rules }).category).toBe('conflict');
    expect(classify(response(400), { rules, describeError: () => ({ code: 'the-code' }) }).category).toBe('conflict');
    expect(
      classify(new TypeError('fetch failed', { cause: coded('EPIPE') }), { rules: [{ code: 'EPIPE', retryable: false }] }).retryable,
    ).toBe(false);
  });

  it('cls-27 that throw or match nothing fall through to what is built in', () => {
    const when = vi.fn((): boolean => {
      throw new Error('rule');
    });
    expect(classify(sdk(503), { rules: [{ when, category: 'not-found' }] })).toMatchObject({ category: 'server-error', retryable: true });
    expect(when).toHaveBeenCalledTimes(1);
    expect(classify(sdk(503), { rules: [{ when: () => false, category: 'not-found' }] }).category).toBe('server-error');
    expect(
      classify(sdk(503), {
        describeError: () => {
          throw new Error('describe');
        },
      }).category,
    ).toBe('server-error');
  });

  it('are given the error as it was thrown', () => {
    const thrown = sdk(503);
    const when = vi.fn(() => true);
    classify(thrown, { rules: [{ when }] });
    expect(when).toHaveBeenCalledWith(thrown);
  });

  it('with a pattern that remembers its place match every time', () => {
    const rules = [{ message: /issue/g, category: 'network' as const }];
    for (let each = 0; each < 3; each++) expect(classify(new Error('Network issue'), { rules }).category).toBe('network');
  });

  it('overrule an error already classified: a new one, with the first as its cause', () => {
    const error = new ProviderError({
      category: 'timeout',
      timeout: 'idle',
      phase: 'first-content',
      requestId: 'r',
      checkpoint: { version: 1 } as Checkpoint,
    });
    const ruled = classify(error, { rules: [{ code: 'timeout', retryable: false }] });
    expect(ruled).not.toBe(error);
    expect(ruled).toMatchObject({
      category: 'timeout',
      retryable: false,
      timeout: 'idle',
      phase: 'first-content',
      requestId: 'r',
      cause: error,
    });
    expect(ruled.checkpoint).toEqual({ version: 1 });
  });

  it('do not join the partial answer of an error that they overrule', () => {
    const join = vi.fn();
    classify(new ProviderError({ category: 'timeout', partial: join }), { rules: [{ code: 'timeout', retryable: false }] });
    expect(join).not.toHaveBeenCalled();
  });
});
