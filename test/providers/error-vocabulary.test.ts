import { defer, lastValueFrom, retry, throwError } from 'rxjs';
import { describe, expect, it, test, vi } from 'vitest';
import type { ErrorCategory } from '../../src/core/error-category.ts';
import type { ErrorFacts, Provider } from '../../src/core/provider.ts';
import { backoff, classify } from '../../src/index.ts';
import { describeErrorBy } from '../../src/policies/error-description.ts';
import { anthropic } from '../../src/providers/anthropic.ts';
import { gemini } from '../../src/providers/gemini.ts';
import { openai } from '../../src/providers/openai.ts';
import { classified, decodeAll, head, message } from './decoding.ts';

const google = gemini();
const error = (members: object) => ({ error: members });
const ofAnthropic = (type: string, message = 'x', more: object = {}) => ({ type: 'error', error: { type, message, ...more } });
const ofGemini = (code: number, status: string, message = 'x', details: unknown[] = []) => error({ code, status, message, details });

interface Row {
  readonly of: Provider;
  readonly is: ErrorCategory;
  readonly retryable: boolean;
  /** `undefined`: only inside a stream. */
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  readonly waitMs?: number;
  /** What it is inside a stream, where there is no status. Default: the same. `null`: it is not sent there. */
  readonly inStream?: { readonly is: ErrorCategory; readonly retryable: boolean } | null;
}

/** An error inside a 200, as the provider's own decoder reads it. */
function toldInStream(provider: Provider, body: unknown): ErrorFacts {
  const { error: facts } = decodeAll(provider.decoder(head()), [message(body, provider.name === 'anthropic' ? 'error' : '')]);
  if (facts === undefined) throw new Error('the decoder found no error');
  return facts;
}

const taxonomy: readonly (readonly [string, Row])[] = [
  [
    '401 authentication_error',
    { of: anthropic(), is: 'authentication', retryable: false, status: 401, body: ofAnthropic('authentication_error') },
  ],
  [
    '401 invalid_api_key',
    {
      of: openai(),
      is: 'authentication',
      retryable: false,
      status: 401,
      body: error({ message: 'x', type: 'invalid_request_error', code: 'invalid_api_key' }),
    },
  ],
  ['401 UNAUTHENTICATED', { of: google, is: 'authentication', retryable: false, status: 401, body: ofGemini(401, 'UNAUTHENTICATED') }],
  [
    '400 with API_KEY_INVALID',
    {
      of: google,
      is: 'authentication',
      retryable: false,
      status: 400,
      body: ofGemini(400, 'INVALID_ARGUMENT', 'x', [{ reason: 'API_KEY_INVALID' }]),
    },
  ],
  [
    '403 permission_error',
    { of: anthropic(), is: 'permission-denied', retryable: false, status: 403, body: ofAnthropic('permission_error') },
  ],
  [
    '403 PERMISSION_DENIED',
    { of: google, is: 'permission-denied', retryable: false, status: 403, body: ofGemini(403, 'PERMISSION_DENIED') },
  ],
  [
    '403 with OpenRouter’s reasons',
    {
      of: openai(),
      is: 'content-filter',
      retryable: false,
      status: 403,
      body: error({ code: 403, message: 'x', metadata: { reasons: ['hate'] } }),
    },
  ],
  [
    '400 invalid_request_error',
    {
      of: openai(),
      is: 'invalid-request',
      retryable: false,
      status: 400,
      body: error({ message: 'x', type: 'invalid_request_error', code: null }),
    },
  ],
  [
    '400 unsupported_parameter',
    {
      of: openai(),
      is: 'invalid-request',
      retryable: false,
      status: 400,
      body: error({ message: 'x', type: 'invalid_request_error', code: 'unsupported_parameter' }),
    },
  ],
  ['400 INVALID_ARGUMENT', { of: google, is: 'invalid-request', retryable: false, status: 400, body: ofGemini(400, 'INVALID_ARGUMENT') }],
  [
    '422 of DeepSeek',
    {
      of: openai(),
      is: 'invalid-request',
      retryable: false,
      status: 422,
      body: error({ message: 'x', type: 'invalid_request_error', code: 'invalid_request_error' }),
    },
  ],
  [
    '400 context_length_exceeded',
    {
      of: openai(),
      is: 'context-length',
      retryable: false,
      status: 400,
      body: error({ message: 'x', type: 'invalid_request_error', code: 'context_length_exceeded' }),
    },
  ],
  [
    '400 “prompt is too long”',
    {
      of: anthropic(),
      is: 'context-length',
      retryable: false,
      status: 400,
      body: ofAnthropic('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'),
    },
  ],
  [
    '400 “maximum context length”',
    {
      of: openai(),
      is: 'context-length',
      retryable: false,
      status: 400,
      body: error({ message: "This model's maximum context length is 8192 tokens", type: 'invalid_request_error' }),
    },
  ],
  [
    '413 request_too_large',
    { of: anthropic(), is: 'invalid-request', retryable: false, status: 413, body: ofAnthropic('request_too_large') },
  ],
  [
    '413 of Groq',
    {
      of: openai(),
      is: 'invalid-request',
      retryable: false,
      status: 413,
      body: error({ message: 'Request too large for model', type: 'tokens', code: 'rate_limit_exceeded' }),
      inStream: { is: 'rate-limit', retryable: false },
    },
  ],
  ['404 not_found_error', { of: anthropic(), is: 'not-found', retryable: false, status: 404, body: ofAnthropic('not_found_error') }],
  [
    '404 model_not_found',
    {
      of: openai(),
      is: 'not-found',
      retryable: false,
      status: 404,
      body: error({ message: 'x', type: 'invalid_request_error', code: 'model_not_found' }),
    },
  ],
  ['409 conflict_error', { of: anthropic(), is: 'conflict', retryable: false, status: 409, body: ofAnthropic('conflict_error') }],
  [
    '409 that the provider wants again',
    {
      of: openai(),
      is: 'conflict',
      retryable: true,
      status: 409,
      body: error({ message: 'lock timeout' }),
      headers: { 'x-should-retry': 'true' },
      inStream: null,
    },
  ],
  [
    '408',
    {
      of: openai(),
      is: 'timeout',
      retryable: true,
      status: 408,
      body: error({ message: 'x', type: 'invalid_request_error' }),
      inStream: null,
    },
  ],
  [
    '429 rate_limit_exceeded',
    {
      of: openai(),
      is: 'rate-limit',
      retryable: true,
      status: 429,
      body: error({ message: 'x', type: 'requests', code: 'rate_limit_exceeded' }),
      headers: { 'retry-after': '7' },
      waitMs: 7_000,
    },
  ],
  [
    '429 rate_limit_error',
    {
      of: anthropic(),
      is: 'rate-limit',
      retryable: true,
      status: 429,
      body: ofAnthropic('rate_limit_error'),
      headers: { 'retry-after': '7' },
      waitMs: 7_000,
    },
  ],
  ...[
    'insufficient_quota',
    'credit_balance_exhausted',
    'organization_spend_limit_exceeded',
    'project_spend_limit_exceeded',
    'organization_usage_limit_exceeded',
    'billing_hard_limit_reached',
  ].map((code): readonly [string, Row] => [
    `429 ${code}`,
    { of: openai(), is: 'quota-exhausted', retryable: false, status: 429, body: error({ message: 'x', type: 'insufficient_quota', code }) },
  ]),
  [
    '429 slow_down',
    {
      of: openai(),
      is: 'rate-limit',
      retryable: true,
      status: 429,
      body: error({ message: 'x', type: 'rate_limit_error', code: 'slow_down' }),
    },
  ],
  [
    '503 server_is_overloaded',
    {
      of: openai(),
      is: 'overloaded',
      retryable: true,
      status: 503,
      body: error({ message: 'x', type: 'service_unavailable_error', code: 'server_is_overloaded' }),
    },
  ],
  [
    '“Our servers are currently overloaded”',
    {
      of: openai(),
      is: 'overloaded',
      retryable: true,
      body: error({ message: 'Our servers are currently overloaded. Please try again later.', type: 'server_error', code: null }),
    },
  ],
  [
    '429 enforced_spend_limit_reached',
    {
      of: anthropic(),
      is: 'quota-exhausted',
      retryable: false,
      status: 429,
      body: ofAnthropic('rate_limit_error', 'x', { details: { error_code: 'enforced_spend_limit_reached' } }),
    },
  ],
  [
    '400 “specified API usage limits”',
    {
      of: anthropic(),
      is: 'quota-exhausted',
      retryable: false,
      status: 400,
      body: ofAnthropic('invalid_request_error', 'You have reached your specified API usage limits.'),
    },
  ],
  ['402 billing_error', { of: anthropic(), is: 'quota-exhausted', retryable: false, status: 402, body: ofAnthropic('billing_error') }],
  [
    '402 of DeepSeek',
    {
      of: openai(),
      is: 'quota-exhausted',
      retryable: false,
      status: 402,
      body: error({ message: 'Insufficient Balance', type: 'unknown_error', code: 'invalid_request_error' }),
    },
  ],
  ['402 of OpenRouter', { of: openai(), is: 'quota-exhausted', retryable: false, status: 402, body: error({ code: 402, message: 'x' }) }],
  [
    '402 of OpenRouter for credits in flight',
    {
      of: openai(),
      is: 'quota-exhausted',
      retryable: true,
      status: 402,
      body: error({ code: 402, message: 'x', metadata: { limit_source: 'openrouter_in_flight_budget' } }),
    },
  ],
  [
    '402 of OpenRouter with a Retry-After',
    {
      of: openai(),
      is: 'quota-exhausted',
      retryable: true,
      status: 402,
      body: error({ code: 402, message: 'x' }),
      headers: { 'retry-after': '2' },
      waitMs: 2_000,
      inStream: { is: 'quota-exhausted', retryable: false },
    },
  ],
  [
    '429 RESOURCE_EXHAUSTED with RetryInfo',
    {
      of: google,
      is: 'rate-limit',
      retryable: true,
      status: 429,
      body: ofGemini(429, 'RESOURCE_EXHAUSTED', 'x', [{ retryDelay: '34.4s' }]),
      waitMs: 34_400,
    },
  ],
  [
    '429 RESOURCE_EXHAUSTED of a day',
    {
      of: google,
      is: 'quota-exhausted',
      retryable: false,
      status: 429,
      body: ofGemini(429, 'RESOURCE_EXHAUSTED', 'x', [
        { violations: [{ quotaId: 'RequestsPerMinute' }, { quotaId: 'GenerateRequestsPerDayPerProject' }] },
      ]),
    },
  ],
  [
    '429 RESOURCE_EXHAUSTED with “limit: 0”',
    {
      of: google,
      is: 'quota-exhausted',
      retryable: false,
      status: 429,
      body: ofGemini(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for metric: requests, limit: 0\nPlease retry in 10h17m5.72s.'),
      waitMs: 37_025_720,
    },
  ],
  [
    '429 RESOURCE_EXHAUSTED with a limit that is not 0',
    {
      of: google,
      is: 'rate-limit',
      retryable: true,
      status: 429,
      body: ofGemini(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for metric: requests, limit: 20\nPlease retry in 10h17m5.72s.'),
      waitMs: 37_025_720,
    },
  ],
  [
    '429 of a prepaid account without credits',
    {
      of: google,
      is: 'quota-exhausted',
      retryable: false,
      status: 429,
      body: ofGemini(429, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted.'),
    },
  ],
  [
    'invalid_request of Interactions',
    { of: google, is: 'invalid-request', retryable: false, status: 400, body: error({ code: 'invalid_request', message: 'x' }) },
  ],
  [
    'failed_precondition of Interactions',
    { of: google, is: 'invalid-request', retryable: false, status: 400, body: error({ code: 'failed_precondition', message: 'x' }) },
  ],
  [
    'not_found of Interactions',
    { of: google, is: 'not-found', retryable: false, status: 404, body: error({ code: 'not_found', message: 'x' }) },
  ],
  [
    'quota_exceeded of Interactions',
    { of: google, is: 'quota-exhausted', retryable: false, status: 429, body: error({ code: 'quota_exceeded', message: 'x' }) },
  ],
  [
    'service_unavailable of Interactions',
    {
      of: google,
      is: 'server-error',
      retryable: true,
      status: 503,
      body: error({ code: 'service_unavailable', message: 'x' }),
      inStream: { is: 'overloaded', retryable: true },
    },
  ],
  ['429 without a word', { of: openai(), is: 'rate-limit', retryable: true, status: 429, body: undefined, inStream: null }],
  [
    '529 overloaded_error',
    { of: anthropic(), is: 'overloaded', retryable: true, status: 529, body: ofAnthropic('overloaded_error', 'Overloaded') },
  ],
  [
    '503 UNAVAILABLE',
    { of: google, is: 'overloaded', retryable: true, status: 503, body: ofGemini(503, 'UNAVAILABLE', 'The model is overloaded.') },
  ],
  [
    '498 capacity_exceeded',
    {
      of: openai(),
      is: 'overloaded',
      retryable: true,
      status: 498,
      body: error({ message: 'x', type: 'internal_server_error', code: 'capacity_exceeded' }),
    },
  ],
  ['500 api_error', { of: anthropic(), is: 'server-error', retryable: true, status: 500, body: ofAnthropic('api_error') }],
  [
    '500 server_error',
    { of: openai(), is: 'server-error', retryable: true, status: 500, body: error({ message: 'x', type: 'server_error', code: null }) },
  ],
  ['500 INTERNAL', { of: google, is: 'server-error', retryable: true, status: 500, body: ofGemini(500, 'INTERNAL') }],
  ...[502, 504, 520, 521, 522, 523, 524].map((status): readonly [string, Row] => [
    `${status} as a page`,
    { of: openai(), is: 'server-error', retryable: true, status, body: '<html><title>Error</title></html>', inStream: null },
  ]),
  ['504 timeout_error', { of: anthropic(), is: 'timeout', retryable: true, status: 504, body: ofAnthropic('timeout_error') }],
  ['504 DEADLINE_EXCEEDED', { of: google, is: 'timeout', retryable: true, status: 504, body: ofGemini(504, 'DEADLINE_EXCEEDED') }],
  ['499', { of: google, is: 'timeout', retryable: true, status: 499, body: ofGemini(499, 'CANCELLED') }],
  [
    '400 content_filter of Azure',
    {
      of: openai(),
      is: 'content-filter',
      retryable: false,
      status: 400,
      body: error({ code: 'content_filter', message: 'x', innererror: { code: 'ResponsibleAIPolicyViolation' } }),
    },
  ],
];

const family: readonly (readonly [string, Row])[] = [
  [
    'xAI, an error that is a sentence',
    {
      of: openai(),
      is: 'invalid-request',
      retryable: false,
      status: 400,
      body: { code: 'Client specified an invalid argument', error: 'x' },
    },
  ],
  [
    'xAI, a permission',
    {
      of: openai(),
      is: 'permission-denied',
      retryable: false,
      status: 403,
      body: { code: 'The caller does not have permission to execute the specified operation', error: 'x' },
    },
  ],
  [
    'xAI, an error object',
    {
      of: openai(),
      is: 'rate-limit',
      retryable: true,
      status: 429,
      body: error({ message: 'x', code: 'Some resource has been exhausted' }),
    },
  ],
  [
    'Azure, in milliseconds',
    {
      of: openai(),
      is: 'rate-limit',
      retryable: true,
      status: 429,
      body: error({ code: '429', message: 'x' }),
      headers: { 'retry-after-ms': '250', 'retry-after': '1' },
      waitMs: 250,
    },
  ],
  ['OpenRouter, 408', { of: openai(), is: 'timeout', retryable: true, status: 408, body: error({ code: 408, message: 'x' }) }],
  [
    'OpenRouter, a model that is down',
    {
      of: openai(),
      is: 'server-error',
      retryable: true,
      status: 502,
      body: error({ code: 502, message: 'Provider returned error', metadata: { provider_name: 'x', raw: 'upstream' } }),
    },
  ],
  [
    'OpenRouter, no provider',
    {
      of: openai(),
      is: 'server-error',
      retryable: true,
      status: 503,
      body: error({ code: 503, message: 'x' }),
      headers: { 'retry-after': '4' },
      waitMs: 4_000,
    },
  ],
  [
    'OpenRouter, in a chunk that finishes with it',
    {
      of: openai(),
      is: 'server-error',
      retryable: true,
      body: { id: 'x', choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }], error: { code: 502, message: 'x' } },
    },
  ],
  [
    'Groq, in its own member',
    { of: openai(), is: 'server-error', retryable: true, body: { choices: [], x_groq: { id: 'req_1', error: 'boom' } } },
  ],
  [
    'Mistral, a flat body',
    {
      of: openai(),
      is: 'invalid-request',
      retryable: false,
      status: 400,
      body: { object: 'error', message: 'x', type: 'invalid_request_error', param: null, code: '1500' },
    },
  ],
  [
    'Mistral, 422',
    {
      of: openai(),
      is: 'invalid-request',
      retryable: false,
      status: 422,
      body: { detail: [{ loc: ['body', 'model'], msg: 'x', type: 'missing' }] },
      inStream: null,
    },
  ],
  [
    'Mistral, no capacity',
    {
      of: openai(),
      is: 'rate-limit',
      retryable: true,
      status: 429,
      body: { object: 'error', message: 'x', type: 'service_tier_capacity_exceeded', code: '3505' },
      inStream: { is: 'overloaded', retryable: true },
    },
  ],
  ['DeepSeek, 503', { of: openai(), is: 'server-error', retryable: true, status: 503, body: error({ message: 'x' }) }],
  [
    'vLLM, flat, with a number',
    {
      of: openai(),
      is: 'invalid-request',
      retryable: false,
      status: 400,
      body: { object: 'error', message: 'x', type: 'BadRequestError', param: null, code: 400 },
    },
  ],
  [
    'vLLM, nested',
    {
      of: openai(),
      is: 'not-found',
      retryable: false,
      status: 404,
      body: error({ object: 'error', message: 'x', type: 'NotFoundError', code: 404 }),
    },
  ],
  [
    'Ollama, a string',
    {
      of: openai(),
      is: 'not-found',
      retryable: false,
      status: 404,
      body: { error: 'model "x" not found' },
      inStream: { is: 'server-error', retryable: true },
    },
  ],
  [
    'llama.cpp, the context',
    {
      of: openai(),
      is: 'context-length',
      retryable: false,
      status: 400,
      body: error({ code: 400, message: 'x', type: 'exceed_context_size_error' }),
    },
  ],
  [
    'Gemini behind OpenRouter',
    {
      of: openai(),
      is: 'quota-exhausted',
      retryable: false,
      status: 429,
      body: error({
        code: 429,
        message: JSON.stringify(ofGemini(429, 'RESOURCE_EXHAUSTED', 'x', [{ violations: [{ quotaId: 'PerDay' }] }])),
      }),
    },
  ],
  [
    'Anthropic behind a gateway that speaks OpenAI',
    { of: openai(), is: 'overloaded', retryable: true, status: 529, body: error({ type: 'overloaded_error', message: 'x' }) },
  ],
  [
    'OpenAI behind a gateway that speaks Anthropic',
    { of: anthropic(), is: 'quota-exhausted', retryable: false, status: 429, body: ofAnthropic('insufficient_quota') },
  ],
];

describe.each([
  ['of the taxonomy', taxonomy],
  ['of the compatible servers', family],
] as const)('an error %s', (_name, rows) => {
  const overHttp = rows.filter(([, { status }]) => status !== undefined);
  const inStream = rows.filter(([, row]) => row.inStream !== null);

  test.each(overHttp)('%s, over HTTP', (_title, { of, is, retryable, status, body, headers = {}, waitMs }) => {
    const found = classified(of, { status, body, headers: new Headers(headers) });
    expect(found).toMatchObject({ category: is, retryable, status });
    expect(found.retryAfterMs).toBe(waitMs);
  });

  test.each(inStream)('%s, inside a stream', (_title, { of, is, retryable, body, inStream: there }) => {
    const found = classified(of, toldInStream(of, body));
    expect(found).toMatchObject(there ? { category: there.is, retryable: there.retryable } : { category: is, retryable });
    expect(found.status).toBeUndefined();
  });
});

describe('an answer of OpenAI’s Responses fails', () => {
  test.each<[string, ErrorCategory]>([
    ['server_error', 'server-error'],
    ['rate_limit_exceeded', 'rate-limit'],
    ['invalid_prompt', 'invalid-request'],
    ['data_residency_mismatch', 'invalid-request'],
    ['bio_policy', 'content-filter'],
    ['vector_store_timeout', 'timeout'],
    ['invalid_image', 'invalid-request'],
    ['invalid_image_format', 'invalid-request'],
    ['invalid_base64_image', 'invalid-request'],
    ['invalid_image_url', 'invalid-request'],
    ['invalid_image_mode', 'invalid-request'],
    ['image_too_large', 'invalid-request'],
    ['image_too_small', 'invalid-request'],
    ['image_parse_error', 'invalid-request'],
    ['image_content_policy_violation', 'content-filter'],
    ['image_file_too_large', 'invalid-request'],
    ['unsupported_image_media_type', 'invalid-request'],
    ['empty_image_file', 'invalid-request'],
    ['failed_to_download_image', 'invalid-request'],
    ['image_file_not_found', 'invalid-request'],
  ])('with %s: %s', (code, category) => {
    const forms = [
      { type: 'error', code, message: 'x', param: null, sequence_number: 2 },
      { type: 'error', sequence_number: 2, error: { type: code, code, message: 'x', param: null } },
      error({ code, message: 'x' }),
    ];
    for (const body of forms)
      expect(classified(openai(), { status: undefined, body, headers: undefined })).toMatchObject({ category, code });
  });
});

describe('what fails without an answer', () => {
  test.each<[string, unknown, ErrorCategory, boolean]>([
    ['“fetch failed”', new TypeError('fetch failed'), 'network', true],
    ['“Failed to fetch”', new TypeError('Failed to fetch'), 'network', true],
    ['“Load failed”', new TypeError('Load failed'), 'network', true],
    ['“network error”', new TypeError('network error'), 'network', true],
    ['ECONNRESET', Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'network', true],
    ['EPIPE', Object.assign(new Error('x'), { code: 'EPIPE' }), 'network', true],
    [
      '“terminated”',
      new TypeError('terminated', { cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }) }),
      'network',
      true,
    ],
    ['Bun’s ConnectionClosed', Object.assign(new Error('x'), { code: 'ConnectionClosed' }), 'network', true],
    ['UND_ERR_HEADERS_TIMEOUT', Object.assign(new Error('x'), { code: 'UND_ERR_HEADERS_TIMEOUT' }), 'timeout', true],
    ['UND_ERR_BODY_TIMEOUT', Object.assign(new Error('x'), { code: 'UND_ERR_BODY_TIMEOUT' }), 'timeout', true],
    ['UND_ERR_CONNECT_TIMEOUT', Object.assign(new Error('x'), { code: 'UND_ERR_CONNECT_TIMEOUT' }), 'timeout', true],
    ['an abort', new DOMException('x', 'AbortError'), 'cancelled', false],
  ])('%s is %s', (_name, thrown, category, retryable) => {
    expect(classify(thrown)).toMatchObject({ category, retryable });
  });
});

describe('an SDK’s error, whose nobody says it is', () => {
  const sdk = (status: number | undefined, body: unknown) => Object.assign(new Error('x'), { status, error: body });

  it('is read in the words of all', () => {
    expect(classify(sdk(429, { type: 'insufficient_quota', code: 'insufficient_quota' }))).toMatchObject({ category: 'quota-exhausted' });
    expect(classify(sdk(undefined, ofAnthropic('overloaded_error')))).toMatchObject({ category: 'overloaded', retryable: true });
    expect(classify(sdk(429, ofGemini(429, 'RESOURCE_EXHAUSTED', 'x, limit: 0')))).toMatchObject({ category: 'quota-exhausted' });
  });

  it('is read so by an operator that stands alone too', async () => {
    const source = vi.fn(() => throwError(() => sdk(429, { type: 'insufficient_quota', code: 'insufficient_quota' })));
    const ending = lastValueFrom(defer(source).pipe(retry(backoff({ initialDelay: 1 }))));
    await expect(ending).rejects.toMatchObject({ category: 'quota-exhausted', gaveUp: 'not-retryable' });
    expect(source).toHaveBeenCalledTimes(1);
  });

  it('is read by a provider’s own description where there is one', () => {
    const describeError = () => ({ category: 'conflict' as const });
    expect(classify(sdk(429, { code: 'insufficient_quota' }), { describeError }).category).toBe('conflict');
  });
});

describe('a description', () => {
  const facts = (body: unknown, headers: Record<string, string> = {}): ErrorFacts => ({ status: 400, body, headers: new Headers(headers) });

  it('without words says what HTTP says, and quotes', () => {
    expect(describeErrorBy()(facts(error({ code: 'insufficient_quota', message: 'no', status: 429 })))).toEqual({
      category: undefined,
      genericCategory: 'rate-limit',
      retryable: undefined,
      retryAfterMs: undefined,
      code: 'insufficient_quota',
      detail: 'no',
      providerRequestId: undefined,
    });
  });

  it('takes the meaning of the first vocabulary that knows a word', () => {
    const [first, second] = [{ codes: { overloaded: 'busy' } }, { codes: { 'rate-limit': 'busy full' }, types: { timeout: 'busy' } }];
    expect(describeErrorBy(first, second)(facts(error({ code: 'BUSY' }))).category).toBe('overloaded');
    expect(describeErrorBy(second, first)(facts(error({ code: 'busy' }))).category).toBe('rate-limit');
    expect(describeErrorBy(first, second)(facts(error({ code: 'full' }))).category).toBe('rate-limit');
  });

  it('lets a rule say what words cannot', () => {
    const describeError = describeErrorBy({
      codes: { 'rate-limit': 'limit' },
      members: ['window'],
      refine: ({ members }, { status }, category) =>
        category === 'rate-limit' && status === 400 && members.get('window')?.includes('month')
          ? { category: 'quota-exhausted', retryable: false }
          : undefined,
    });
    expect(describeError(facts(error({ code: 'limit' })))).toMatchObject({ category: 'rate-limit', retryable: undefined });
    expect(describeError(facts(error({ code: 'limit', window: 'month' })))).toMatchObject({
      category: 'quota-exhausted',
      retryable: false,
    });
  });

  it.each([
    [{ codes: { 'rate-limited': 'x' } }, 'codes'],
    [{ codes: { 'rate-limit': ['x'] } }, 'codes.rate-limit'],
    [{ phrases: { overloaded: 'x' } }, 'phrases.overloaded'],
    [{ retryHeader: true }, 'retryHeader'],
    [{ refine: 'x' }, 'refine'],
    [{ words: {} }, 'words'],
    ['x', 'the value'],
  ])('of %j throws a TypeError that names the member', (vocabulary, member) => {
    expect(() => describeErrorBy(vocabulary as never)).toThrow(TypeError);
    expect(() => describeErrorBy(vocabulary as never)).toThrow(`describeErrorBy: ${member}`);
  });

  it('never throws, whatever a rule does', () => {
    const refine = () => {
      throw new Error('of the rule');
    };
    expect(describeErrorBy({ refine })(facts({}))).toEqual({});
  });

  it('reads the headers that a vocabulary names, and no others', () => {
    const headers = { 'x-trace': 't', 'x-request-id': 'r', 'wait-ms': '5', again: 'false', 'x-should-retry': 'true' };
    const own = describeErrorBy({ requestIdHeaders: ['x-trace'], waitHeaders: ['wait-ms'], retryHeader: 'again' });
    expect(own(facts({}, headers))).toMatchObject({ providerRequestId: 't', retryAfterMs: 5, retryable: false });
    expect(openai().describeError?.(facts({}, headers))).toMatchObject({
      providerRequestId: 'r',
      retryAfterMs: undefined,
      retryable: true,
    });
  });
});
