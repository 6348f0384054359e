import { describe, expect, it } from 'vitest';
import type { ErrorCategory } from '../../src/index.ts';
import type { BodyAnswer } from '../../src/testing/fault-server.ts';
import { clientOf, collect, eventsOf, expectError, expectText, request, serve, wires } from './support.ts';

interface Case {
  readonly what: string;
  readonly answer: BodyAnswer;
  readonly category: ErrorCategory;
  readonly retryable: boolean;
  readonly code?: string;
}

const error = (fields: object): { error: object } => ({ error: { message: 'It failed.', ...fields } });
const html = (title: string): string => `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;

const cases: readonly Case[] = [
  { what: '400', answer: { status: 400, body: error({ type: 'invalid_request_error' }) }, category: 'invalid-request', retryable: false },
  { what: '400 with an empty body', answer: { status: 400 }, category: 'invalid-request', retryable: false },
  {
    what: '400 with a word for a rate limit',
    answer: { status: 400, body: error({ type: 'server_error' }) },
    category: 'invalid-request',
    retryable: false,
  },
  {
    what: '400 for a context that is too long, by code',
    answer: { status: 400, body: error({ type: 'invalid_request_error', code: 'context_length_exceeded' }) },
    category: 'context-length',
    retryable: false,
    code: 'context_length_exceeded',
  },
  {
    what: '400 for a context that is too long, by words',
    answer: {
      status: 400,
      body: { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' } },
    },
    category: 'context-length',
    retryable: false,
  },
  {
    what: '400 of a content filter',
    answer: { status: 400, body: error({ code: 'content_filter' }) },
    category: 'content-filter',
    retryable: false,
  },
  { what: '401', answer: { status: 401, body: error({ code: 'invalid_api_key' }) }, category: 'authentication', retryable: false },
  {
    what: '401 with the generic type',
    answer: { status: 401, body: error({ type: 'invalid_request_error', code: null }) },
    category: 'authentication',
    retryable: false,
  },
  {
    what: '401 in Anthropic’s words',
    answer: { status: 401, body: { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } } },
    category: 'authentication',
    retryable: false,
  },
  { what: '402', answer: { status: 402, body: error({ message: 'Insufficient Balance' }) }, category: 'quota-exhausted', retryable: false },
  { what: '403', answer: { status: 403, body: error({ type: 'invalid_request_error' }) }, category: 'permission-denied', retryable: false },
  { what: '403 as a page', answer: { status: 403, body: html('Forbidden') }, category: 'permission-denied', retryable: false },
  { what: '404', answer: { status: 404, body: error({ code: 'model_not_found' }) }, category: 'not-found', retryable: false },
  { what: '404 as text', answer: { status: 404, body: '404 page not found' }, category: 'not-found', retryable: false },
  { what: '405', answer: { status: 405 }, category: 'invalid-request', retryable: false },
  {
    what: '408 with the generic type',
    answer: { status: 408, body: error({ type: 'invalid_request_error' }) },
    category: 'timeout',
    retryable: true,
  },
  { what: '409', answer: { status: 409, body: error({ type: 'conflict_error' }) }, category: 'conflict', retryable: false },
  {
    what: '409 that the provider wants retried',
    answer: { status: 409, headers: { 'x-should-retry': 'true' } },
    category: 'conflict',
    retryable: true,
  },
  { what: '410', answer: { status: 410 }, category: 'not-found', retryable: false },
  {
    what: '413',
    answer: { status: 413, body: { type: 'error', error: { type: 'request_too_large', message: 'too large' } } },
    category: 'invalid-request',
    retryable: false,
  },
  { what: '415', answer: { status: 415 }, category: 'invalid-request', retryable: false },
  {
    what: '422 in FastAPI’s shape',
    answer: { status: 422, body: { detail: [{ loc: ['body', 'model'], msg: 'field required', type: 'missing' }] } },
    category: 'invalid-request',
    retryable: false,
  },
  { what: '425', answer: { status: 425 }, category: 'server-error', retryable: true },
  { what: '429', answer: { status: 429, body: error({ code: 'rate_limit_exceeded' }) }, category: 'rate-limit', retryable: true },
  { what: '429 with an empty body', answer: { status: 429 }, category: 'rate-limit', retryable: true },
  { what: '429 as a page', answer: { status: 429, body: html('Too Many Requests') }, category: 'rate-limit', retryable: true },
  {
    what: '429 with a server’s word',
    answer: { status: 429, body: error({ type: 'server_error', code: 'overloaded' }) },
    category: 'rate-limit',
    retryable: true,
  },
  {
    what: '429 for a quota',
    answer: { status: 429, body: error({ type: 'insufficient_quota', code: 'insufficient_quota' }) },
    category: 'quota-exhausted',
    retryable: false,
    code: 'insufficient_quota',
  },
  {
    what: '429 for a quota, by type alone',
    answer: { status: 429, body: error({ type: 'insufficient_quota', code: null }) },
    category: 'quota-exhausted',
    retryable: false,
  },
  {
    what: '429 for a spent balance',
    answer: { status: 429, body: error({ type: 'insufficient_quota', code: 'credit_balance_exhausted' }) },
    category: 'quota-exhausted',
    retryable: false,
  },
  {
    what: '429 for a spend limit at Anthropic',
    answer: {
      status: 429,
      body: {
        type: 'error',
        error: { type: 'rate_limit_error', message: 'limit', details: { error_code: 'enforced_spend_limit_reached' } },
      },
    },
    category: 'quota-exhausted',
    retryable: false,
  },
  { what: '451', answer: { status: 451 }, category: 'invalid-request', retryable: false },
  { what: '498', answer: { status: 498 }, category: 'overloaded', retryable: true },
  { what: '499', answer: { status: 499 }, category: 'timeout', retryable: true },
  { what: '500', answer: { status: 500, body: error({ type: 'server_error' }) }, category: 'server-error', retryable: true },
  { what: '500 with an empty body', answer: { status: 500 }, category: 'server-error', retryable: true },
  { what: '500 with {}', answer: { status: 500, body: {} }, category: 'server-error', retryable: true },
  {
    what: '500 with null',
    answer: { status: 500, body: 'null', headers: { 'content-type': 'application/json' } },
    category: 'server-error',
    retryable: true,
  },
  { what: '500 with an array', answer: { status: 500, body: [error({ code: 500 })] }, category: 'server-error', retryable: true },
  {
    what: '500 with an error that is a string',
    answer: { status: 500, body: { error: 'something broke' } },
    category: 'server-error',
    retryable: true,
  },
  {
    what: '500 with a message that is an object',
    answer: { status: 500, body: { error: { message: { a: 1 } } } },
    category: 'server-error',
    retryable: true,
  },
  {
    what: '500 with broken JSON',
    answer: { status: 500, body: '{"error":', headers: { 'content-type': 'application/json' } },
    category: 'server-error',
    retryable: true,
  },
  {
    what: '500 with a caller’s code',
    answer: { status: 500, body: error({ type: 'invalid_request_error', code: 'invalid_api_key' }) },
    category: 'server-error',
    retryable: true,
  },
  {
    what: '500 with bytes that are no text',
    answer: { status: 500, body: Uint8Array.of(0xff, 0xfe, 0x00, 0x80) },
    category: 'server-error',
    retryable: true,
  },
  { what: '501', answer: { status: 501 }, category: 'server-error', retryable: false },
  { what: '502 as a page', answer: { status: 502, body: html('502 Bad Gateway') }, category: 'server-error', retryable: true },
  { what: '503', answer: { status: 503, body: 'Service Unavailable' }, category: 'server-error', retryable: true },
  {
    what: '503 of an overloaded model',
    answer: { status: 503, body: error({ type: 'service_unavailable_error', code: 'server_is_overloaded' }) },
    category: 'overloaded',
    retryable: true,
  },
  {
    what: '503 by Gemini',
    answer: { status: 503, body: error({ code: 503, status: 'UNAVAILABLE', message: 'The model is overloaded.' }) },
    category: 'overloaded',
    retryable: true,
  },
  {
    what: '503 that the provider wants left alone',
    answer: { status: 503, headers: { 'x-should-retry': 'false' } },
    category: 'server-error',
    retryable: false,
  },
  {
    what: '504 by Anthropic',
    answer: { status: 504, body: { type: 'error', error: { type: 'timeout_error', message: 'timed out' } } },
    category: 'timeout',
    retryable: true,
  },
  { what: '504 as a page', answer: { status: 504, body: html('504 Gateway Time-out') }, category: 'server-error', retryable: true },
  {
    what: '520 as a page',
    answer: { status: 520, body: html('520: Web server is returning an unknown error') },
    category: 'server-error',
    retryable: true,
  },
  { what: '522', answer: { status: 522 }, category: 'server-error', retryable: true },
  {
    what: '529',
    answer: { status: 529, body: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } } },
    category: 'overloaded',
    retryable: true,
  },
  { what: '599', answer: { status: 599 }, category: 'server-error', retryable: true },
  { what: '300 without an address', answer: { status: 300 }, category: 'protocol', retryable: false },
  { what: '304', answer: { status: 304 }, category: 'protocol', retryable: false },
];

describe.each(wires)('%s', (wire) => {
  for (const { what, answer, category, retryable, code } of cases) {
    it(`${what} is ${category} and ${retryable ? 'tried again' : 'not tried again'}`, async () => {
      const server = await serve(answer);
      const ending = await collect(clientOf(wire, server.url, { retry: { maxAttempts: 2 } }).stream(request));
      const failure = expectError(ending, { category, retryable, status: answer.status, gaveUp: retryable ? 'attempts' : 'not-retryable' });
      expect(failure.message).toContain(`HTTP ${answer.status}`);
      if (code) expect(failure.code).toBe(code);
      expect(server.requests).toHaveLength(retryable ? 2 : 1);
      expect(failure.attempts.map((each) => each.category)).toEqual(server.requests.map(() => category));
    });
  }
});

const inThirtySeconds = (): string => new Date(Date.now() + 30_000).toUTCString();
const waits: readonly { what: string; answer: () => BodyAnswer; ms: number | undefined; within?: number }[] = [
  { what: 'seconds', answer: () => ({ headers: { 'retry-after': '12' } }), ms: 12_000 },
  { what: 'a fraction of seconds', answer: () => ({ headers: { 'retry-after': '1.5' } }), ms: 1_500 },
  { what: 'a date', answer: () => ({ headers: { 'retry-after': inThirtySeconds() } }), ms: 30_000, within: 5_000 },
  { what: 'a date that has passed', answer: () => ({ headers: { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' } }), ms: 0 },
  { what: 'milliseconds', answer: () => ({ headers: { 'retry-after-ms': '1500', 'retry-after': '30' } }), ms: 1_500 },
  { what: 'milliseconds by Azure', answer: () => ({ headers: { 'x-ms-retry-after-ms': '2500' } }), ms: 2_500 },
  { what: 'zero', answer: () => ({ headers: { 'retry-after': '0' } }), ms: 0 },
  { what: 'a negative number', answer: () => ({ headers: { 'retry-after': '-5' } }), ms: undefined },
  { what: 'a word', answer: () => ({ headers: { 'retry-after': 'soon' } }), ms: undefined },
  { what: 'nothing', answer: () => ({ headers: { 'retry-after': '' } }), ms: undefined },
  { what: 'words of the message', answer: () => ({ body: { error: { message: 'Please try again in 6m0s.' } } }), ms: 360_000 },
  { what: 'words with a fraction', answer: () => ({ body: { error: { message: 'Please try again in 41.724s.' } } }), ms: 41_724 },
  { what: 'milliseconds in words', answer: () => ({ body: { error: { message: 'Please try again in 120ms.' } } }), ms: 120 },
  { what: 'Gemini’s RetryInfo', answer: () => ({ body: [{ error: { code: 429, details: [{ retryDelay: '34.4s' }] } }] }), ms: 34_400 },
];

describe('Retry-After', () => {
  for (const { what, answer, ms, within = 0 } of waits)
    it(`is read from ${what}`, async () => {
      const server = await serve({ status: 429, ...answer() });
      const ending = await collect(clientOf('openai', server.url, { retry: { maxAttempts: 1 } }).stream(request));
      const { retryAfterMs } = expectError(ending, { category: 'rate-limit' });
      if (ms === undefined) expect(retryAfterMs).toBeUndefined();
      else expect(Math.abs((retryAfterMs ?? Number.NaN) - ms)).toBeLessThanOrEqual(within);
    });

  const beyond = {
    'a month and a half': '4294967',
    'more than a timer holds': '4294967296',
    '30 digits': '9'.repeat(30),
    '400 digits': '9'.repeat(400),
  };
  for (const [what, value] of Object.entries(beyond))
    it(`of ${what} is beyond the limit: no further request, and no hot loop`, async () => {
      const server = await serve({ status: 429, headers: { 'retry-after': value } });
      const ending = await collect(clientOf('openai', server.url, { timeout: { total: Number.POSITIVE_INFINITY } }).stream(request));
      const failure = expectError(ending, { category: 'rate-limit', gaveUp: 'retry-after' });
      expect(server.requests).toHaveLength(1);
      expect(failure.message).not.toMatch(/Infinity|NaN|e\+/);
      expect(JSON.parse(JSON.stringify(failure)).retryAfterMs).not.toBeNull();
    });
});

describe('the body of an error', () => {
  it('that never ends is read for 64 KiB, and the status decides', async () => {
    const server = await serve({
      status: 503,
      body: '{"error":{"code":"server_is_overloaded","message":"',
      fault: { endless: 'x' },
      bytesPerSecond: 4_000_000,
    });
    const ending = await collect(clientOf('openai', server.url, { retry: { maxAttempts: 1 } }).stream(request));
    expectError(ending, { category: 'server-error', status: 503 });
    expect(ending.elapsed).toBeLessThan(3_000);
    expect(await server.requests[0]?.ended).toBe('aborted');
    expect(server.requests[0]?.bytesSent).toBeLessThan(4_000_000);
  });

  it('that stalls is waited for two seconds, and the status decides', async () => {
    const server = await serve({ status: 429, body: '{"error":', fault: 'stall' });
    const ending = await collect(clientOf('openai', server.url, { retry: { maxAttempts: 1 } }).stream(request));
    expectError(ending, { category: 'rate-limit', status: 429 });
    expect(ending.elapsed).toBeLessThan(3_500);
    expect(await server.requests[0]?.ended).toBe('aborted');
  });

  it('that stalls does not turn headers that came in time into a timeout of headers', async () => {
    const server = await serve({ status: 429, body: '{"error":', fault: 'stall' });
    const ending = await collect(clientOf('openai', server.url, { retry: { maxAttempts: 1 }, timeout: { headers: 300 } }).stream(request));
    expectError(ending, { category: 'rate-limit', status: 429 });
  });

  it('that is cut off leaves the status to decide', async () => {
    const server = await serve({ status: 401, body: '{"error":{"code":"invalid_api', fault: 'reset' });
    const ending = await collect(clientOf('openai', server.url).stream(request));
    expectError(ending, { category: 'authentication', status: 401 });
    expect(server.requests).toHaveLength(1);
  });

  it('of a good status and length is not needed: the retry goes on and the text comes once', async () => {
    const server = await serve([{ status: 500, body: 'x'.repeat(200_000) }, { text: 'Hello there' }]);
    const ending = await collect(clientOf('openai', server.url).stream(request));
    expectText(ending, 'Hello there');
    expect(eventsOf(ending.events, 'retry')).toHaveLength(1);
  });

  it('with the shapes of prototype members does no harm', async () => {
    const body = '{"__proto__":{"polluted":1},"error":{"constructor":{"prototype":{"polluted":1}},"message":"no","code":"__proto__"}}';
    const server = await serve({ status: 500, body, headers: { 'content-type': 'application/json' } });
    expectError(await collect(clientOf('openai', server.url, { retry: { maxAttempts: 1 } }).stream(request)), { category: 'server-error' });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
