import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { ErrorCategory } from '../../src/core/error-category.ts';
import { describeErrorBy } from '../../src/policies/error-description.ts';
import { describeKnownError as describeError } from '../../src/providers/known-errors.ts';
import { openai } from '../../src/providers/openai.ts';
import { anthropicRateLimits, openaiRateLimits } from '../../src/providers/rate-limit-headers.ts';
import { classified } from '../providers/decoding.ts';

const error = (members: object) => ({ error: members });
const classify = (status: number | undefined, body: unknown, headers: Record<string, string> = {}) =>
  classified(openai(), { status, body, headers: new Headers(headers) });

describe('a failure is', () => {
  test.each<[ErrorCategory, boolean, number | undefined, unknown]>([
    // OpenAI
    [
      'authentication',
      false,
      401,
      error({ message: 'Incorrect API key provided', type: 'invalid_request_error', code: 'invalid_api_key' }),
    ],
    ['invalid-request', false, 400, error({ message: 'bad', type: 'invalid_request_error', code: null })],
    ['context-length', false, 400, error({ message: 'long', type: 'invalid_request_error', code: 'context_length_exceeded' })],
    [
      'context-length',
      false,
      400,
      error({ message: "This model's maximum context length is 8192 tokens.", type: 'invalid_request_error' }),
    ],
    ['not-found', false, 404, error({ message: 'no model', type: 'invalid_request_error', code: 'model_not_found' })],
    ['rate-limit', true, 429, error({ message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' })],
    ['rate-limit', true, 429, error({ message: 'ramp', type: 'rate_limit_error', code: 'slow_down' })],
    ['rate-limit', false, 429, error({ message: 'Request too large for gpt-4o', type: 'tokens', code: 'rate_limit_exceeded' })],
    ['quota-exhausted', false, 429, error({ message: 'quota', type: 'insufficient_quota', code: 'insufficient_quota' })],
    ['quota-exhausted', false, 429, error({ message: 'quota', type: 'insufficient_quota', code: 'project_spend_limit_exceeded' })],
    ['quota-exhausted', false, 429, error({ message: 'quota', type: 'x', code: 'billing_hard_limit_reached' })],
    ['overloaded', true, 503, error({ message: 'busy', type: 'service_unavailable_error', code: 'server_is_overloaded' })],
    ['server-error', true, 500, error({ message: 'oops', type: 'server_error', code: null })],
    // A body never moves an error across the hundreds.
    ['server-error', true, 500, error({ message: 'x', type: 'invalid_request_error', code: 'invalid_api_key' })],
    ['permission-denied', false, 403, error({ message: 'x', type: 'invalid_request_error' })],
    ['timeout', true, 408, error({ message: 'x', type: 'invalid_request_error' })],
    // Azure
    ['content-filter', false, 400, error({ code: 'content_filter', innererror: { code: 'ResponsibleAIPolicyViolation' } })],
    ['content-filter', false, 400, error({ code: null, innererror: { code: 'ResponsibleAIPolicyViolation' } })],
    ['not-found', false, 404, error({ code: 'DeploymentNotFound', message: 'x' })],
    // Anthropic
    ['invalid-request', false, 400, { type: 'error', error: { type: 'invalid_request_error', message: 'x' } }],
    ['context-length', false, 400, { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 2 > 1' } }],
    ['quota-exhausted', false, 400, error({ type: 'invalid_request_error', message: 'You have reached your specified API usage limits.' })],
    ['quota-exhausted', false, 400, error({ type: 'invalid_request_error', message: 'Your credit balance is too low to access the API' })],
    ['quota-exhausted', false, 402, error({ type: 'billing_error', message: 'x' })],
    [
      'quota-exhausted',
      false,
      429,
      error({ type: 'rate_limit_error', message: 'x', details: { error_code: 'enforced_spend_limit_reached' } }),
    ],
    ['authentication', false, 401, error({ type: 'authentication_error', message: 'invalid x-api-key' })],
    ['invalid-request', false, 413, error({ type: 'request_too_large', message: 'x' })],
    ['overloaded', true, 529, error({ type: 'overloaded_error', message: 'Overloaded' })],
    ['timeout', true, 504, error({ type: 'timeout_error', message: 'x' })],
    ['invalid-request', false, undefined, { type: 'error', error: { type: 'invalid_request_error', message: 'x' } }],
    // OpenRouter
    ['quota-exhausted', false, 402, error({ code: 402, message: 'Insufficient credits' })],
    ['quota-exhausted', true, 402, error({ code: 402, message: 'x', metadata: { limit_source: 'openrouter_in_flight_budget' } })],
    ['content-filter', false, 403, error({ code: 403, message: 'x', metadata: { reasons: ['violence'] } })],
    ['server-error', true, 502, error({ code: 502, message: 'Provider returned error', metadata: { raw: '<html>' } })],
    ['overloaded', true, undefined, error({ code: 529, message: 'x' })],
    // Gemini, by itself and inside OpenRouter
    [
      'rate-limit',
      true,
      429,
      [
        error({
          code: 429,
          status: 'RESOURCE_EXHAUSTED',
          message: 'You exceeded your current quota, please check your plan and billing details.',
        }),
      ],
    ],
    [
      'quota-exhausted',
      false,
      429,
      error({ code: 429, status: 'RESOURCE_EXHAUSTED', details: [{ violations: [{ quotaId: 'GenerateRequestsPerDayPerProject' }] }] }),
    ],
    [
      'rate-limit',
      true,
      429,
      error({ code: 429, message: JSON.stringify(error({ code: 429, status: 'RESOURCE_EXHAUSTED', message: 'x' })) }),
    ],
    // Mistral, vLLM, llama.cpp, Ollama, xAI, FastAPI, Groq
    [
      'invalid-request',
      false,
      422,
      { object: 'error', message: { detail: [{ loc: ['body'], msg: 'x', type: 'missing' }] }, type: 'invalid', code: null },
    ],
    ['invalid-request', false, undefined, { object: 'error', message: 'x', type: 'BadRequestError', code: 400 }],
    ['context-length', false, 400, error({ code: 400, message: 'x', type: 'exceed_context_size_error' })],
    ['not-found', false, 404, { error: 'model "x" not found' }],
    ['invalid-request', false, 400, { code: 'Client specified an invalid argument', error: 'x' }],
    ['invalid-request', false, 422, { detail: [{ loc: ['body', 'messages'], msg: 'Field required', type: 'missing' }] }],
    ['overloaded', true, 498, error({ message: 'x', type: 'internal_server_error', code: 'capacity_exceeded' })],
    ['invalid-request', false, 413, error({ message: 'Request too large for model', type: 'tokens', code: 'rate_limit_exceeded' })],
    // Not JSON
    ['server-error', true, 502, '<html><head><title>502 Bad Gateway</title></head></html>'],
    ['server-error', true, 520, ''],
    ['server-error', true, 500, {}],
    ['server-error', true, undefined, { error: { message: 'anything' } }],
  ])('%s (retryable: %s) by status %s and %j', (category, retryable, status, body) => {
    expect(classify(status, body)).toMatchObject({ category, retryable });
  });

  it('waited for where OpenRouter asks it with its 402', () => {
    expect(classify(402, error({ code: 402, message: 'x' }), { 'retry-after': '3' })).toMatchObject({
      retryable: true,
      retryAfterMs: 3_000,
    });
  });
});

describe('the words of a failure', () => {
  test.each<[string, unknown, string | undefined, string | undefined]>([
    ['of OpenAI', error({ message: 'No key', type: 'invalid_request_error', code: 'invalid_api_key' }), 'invalid_api_key', 'No key'],
    ['without a code, its type', error({ message: 'No', type: 'server_error', code: null }), 'server_error', 'No'],
    ['with a number alone', error({ code: 502, message: 'x' }), '502', 'x'],
    ['with a number as text beside a word', error({ code: '400', type: 'BadRequestError', message: 'x' }), 'BadRequestError', 'x'],
    ['an error that is a string', { error: 'boom' }, undefined, 'boom'],
    ['of xAI', { code: 'quota', error: 'boom' }, 'quota', 'boom'],
    [
      'of FastAPI',
      { detail: [{ loc: ['body', 'messages', 0], msg: 'Field required', type: 'missing' }] },
      'missing',
      'body.messages.0: Field required',
    ],
    ['of FastAPI, as a sentence', { detail: 'Not Found' }, undefined, 'Not Found'],
    [
      'of OpenRouter, with the upstream’s',
      error({ code: 429, message: 'Provider returned error', metadata: { raw: '{"error":{"message":"slow","code":"slow_down"}}' } }),
      'slow_down',
      'Provider returned error: slow',
    ],
    ['that are text', 'Bad Gateway', undefined, 'Bad Gateway'],
    ['that are JSON as text', '{"error":{"message":"x","code":"y"}}', 'y', 'x'],
    ['that are a page', '<!doctype html><title>504 Gateway Time-out</title><p>ray</p>', undefined, '504 Gateway Time-out'],
    ['that are broken JSON', '{"error":', undefined, '{"error":'],
    ['that are none', {}, undefined, undefined],
    ['named as a prototype’s', error({ code: '__proto__', type: 'constructor', message: 'x' }), '__proto__', 'x'],
  ])('%s', (_name, body, code, detail) => {
    expect(describeError({ status: 400, body, headers: undefined })).toMatchObject({ code, detail });
  });

  test.each([
    [{ 'x-request-id': 'a' }, {}, 'a'],
    [{ 'request-id': 'b' }, {}, 'b'],
    [{ 'apim-request-id': 'c' }, {}, 'c'],
    [{}, { request_id: 'd' }, 'd'],
  ])('the id of the request: %j %j', (headers, body, id) => {
    const facts = { status: 500, body, headers: new Headers(headers as Record<string, string>) };
    expect(describeError(facts).providerRequestId).toBe(id);
  });

  it('how long to wait, where only the body tells it', () => {
    const body = error({ code: 429, details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' }] });
    expect(describeError({ status: 429, body, headers: undefined }).retryAfterMs).toBe(34_400);
  });
});

describe('a limit that is used up, as headers tell it', () => {
  const describe429 = describeErrorBy(
    { rateLimits: openaiRateLimits, waitHeaders: ['retry-after-ms'] },
    { rateLimits: anthropicRateLimits },
  );
  const waitOf = (headers: Record<string, string>, body: unknown = error({ message: 'x' }), status: number | undefined = 429) =>
    describe429({ status, body, headers: new Headers(headers) }).retryAfterMs;
  const requests = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '12s' };

  test.each<[string, number | undefined, Record<string, string>, unknown?, number?]>([
    ['its reset', 12_000, requests],
    ['of several the longest', 60_000, { ...requests, 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '1m0s' }],
    ['none of which something remains', 12_000, { ...requests, 'x-ratelimit-remaining-tokens': '3', 'x-ratelimit-reset-tokens': '1m0s' }],
    ['none that says no time', undefined, { 'x-ratelimit-remaining-requests': '0' }],
    [
      'a point in time, by the clock of the provider',
      5_000,
      {
        date: 'Thu, 01 Jan 2026 00:00:00 GMT',
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:05Z',
      },
    ],
    ['not where a header says it for programs', 7, { ...requests, 'retry-after-ms': '7' }],
    ['not where Retry-After does, which is read elsewhere', undefined, { ...requests, 'retry-after': '3' }],
    ['not where the body does', 2_000, requests, error({ message: 'Please try again in 2s' })],
    ['not of an error of another kind', undefined, requests, error({ message: 'x' }), 500],
    ['of a rate limit whose body is empty', 12_000, requests, ''],
  ])('is waited for: %s', (_what, wait, headers, ...rest) => {
    expect(rest.length === 0 ? waitOf(headers) : waitOf(headers, ...(rest as [unknown, number?]))).toBe(wait);
  });

  it('is waited for by an error inside the stream, and not where the account is empty', () => {
    const facts = { status: undefined, headers: new Headers(requests) };
    const words = describeErrorBy({ rateLimits: openaiRateLimits, codes: { 'rate-limit': 'too_fast', 'quota-exhausted': 'no_credit' } });
    expect(words({ ...facts, body: error({ code: 'too_fast' }) }).retryAfterMs).toBe(12_000);
    expect(words({ ...facts, status: 429, body: error({ code: 'no_credit' }) }).retryAfterMs).toBeUndefined();
  });
});

describe('whatever the body is', () => {
  const word = fc.constantFrom(
    'error',
    'message',
    'code',
    'type',
    'detail',
    'details',
    'metadata',
    'choices',
    '__proto__',
    'finish_reason',
    'retryDelay',
    'loc',
  );
  const anything = fc.anything({ maxDepth: 1, maxKeys: 3, withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      anything,
      fc.string(),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(word, tie('tree'), { maxKeys: 4 }),
    ),
  }));

  it('describing it does not throw, and gives bounded text', () => {
    fc.assert(
      fc.property(fc.option(fc.integer({ min: 100, max: 599 }), { nil: undefined }), tree, (status, body) => {
        const described = describeError({ status, body, headers: undefined });
        expect(typeof described.detail === 'string' ? described.detail.length : 0).toBeLessThanOrEqual(4_096);
        expect(['string', 'undefined']).toContain(typeof described.code);
      }),
      { numRuns: 2_000 },
    );
  });

  it('its size and depth do not matter', () => {
    let deep: unknown = 'x';
    for (let depth = 0; depth < 20_000; depth++) deep = { error: deep };
    const cyclic: Record<string, unknown> = {};
    cyclic.error = cyclic;
    const wide = { detail: Array.from({ length: 100_000 }, () => ({ msg: 'x' })) };
    for (const body of [deep, cyclic, wide, 'try again in '.repeat(100_000), '['.repeat(60_000)]) {
      const before = performance.now();
      describeError({ status: 500, body, headers: undefined });
      expect(performance.now() - before).toBeLessThan(100);
    }
  });
});
