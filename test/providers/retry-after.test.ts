import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { durationMs, parseRetryAfter, retryAfterOf } from '../../src/policies/retry-after.ts';
import { openai } from '../../src/providers/openai.ts';

const now = Date.parse('2026-09-01T00:00:00Z');
const digits = '9'.repeat(400);

describe('the header', () => {
  test.each<[string, number | undefined]>([
    ['0', 0],
    ['30', 30_000],
    [' 1.5 ', 1_500],
    ['3600', 3_600_000],
    ['30, 20', 30_000],
    ['6m0s', 360_000],
    ['Tue, 01 Sep 2026 00:00:20 GMT', 20_000],
    ['Mon, 31 Aug 2026 00:00:00 GMT', 0],
    ['2026-09-01T00:01:00Z', 60_000],
    [digits, Number.POSITIVE_INFINITY],
    ['9'.repeat(30), Number.POSITIVE_INFINITY],
    ['-5', undefined],
    ['', undefined],
    ['soon', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['Tue, 99 Foo', undefined],
    ['0x10', undefined],
  ])('%s', (value, wait) => {
    expect(parseRetryAfter(value, now)).toBe(wait);
  });

  test.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after-ms': '1500', 'retry-after': '60' }, 1_500],
    [{ 'x-ms-retry-after-ms': '20.5' }, 20.5],
    [{ 'retry-after-ms': '0', 'retry-after': '60' }, 0],
    [{ 'retry-after-ms': '-1', 'retry-after': '60' }, 60_000],
    [{ 'retry-after-ms': 'x' }, undefined],
    [{ 'retry-after-ms': digits }, Number.POSITIVE_INFINITY],
    [{}, undefined],
  ])('in milliseconds counts first: %j', (headers, wait) => {
    const told = openai().describeError?.({ status: 429, body: undefined, headers: new Headers(headers) })?.retryAfterMs;
    expect(told ?? retryAfterOf(new Headers(headers), undefined, now)).toBe(wait);
  });
});

describe('the body', () => {
  test.each<[string, unknown, number | undefined]>([
    [
      'RetryInfo',
      { error: { details: [{ '@type': 'x' }, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' }] } },
      34_400,
    ],
    ['RetryInfo before words', { error: { message: 'Please retry in 9s', details: [{ retryDelay: '34s' }] } }, 34_000],
    ['RetryInfo in JSON in a text', { error: { metadata: { raw: '{"error":{"details":[{"retryDelay": "34s"}]}}' } } }, 34_000],
    ['retry_after', { retry_after: 2.5 }, 2_500],
    ['retry_after_ms', { error: { retry_after_ms: 250 } }, 250],
    ['OpenAI', { error: { message: 'Rate limit reached. Please try again in 6m0s. Visit https://x' } }, 360_000],
    ['OpenAI in milliseconds', { error: { message: 'Please try again in 120ms.' } }, 120],
    ['Groq', { error: { message: 'Please try again in 41.724s. Need more?' } }, 41_724],
    ['Azure', { error: { message: 'Please retry after 26 seconds.' } }, 26_000],
    ['Gemini', { error: { message: 'Please retry in 10h17m5.72s.' } }, 37_025_720],
    ['words', 'Try again in 1 hour and 5 minutes', 3_900_000],
    ['a number alone', 'try again in 5.', 5_000],
    ['digits beyond any number', `try again in ${digits}s`, Number.POSITIVE_INFINITY],
    ['no wait at all', { error: { message: 'You may retry in 2 ways, or try again in a moment' } }, undefined],
    ['a negative wait', { retry_after: -1 }, undefined],
    ['nothing', undefined, undefined],
  ])('%s', (_name, body, wait) => {
    const told = retryAfterOf(new Headers(), body, now);
    if (wait === undefined || !Number.isFinite(wait)) expect(told).toBe(wait);
    else expect(told).toBeCloseTo(wait);
  });

  it('counts after the headers', () => {
    expect(retryAfterOf(new Headers({ 'retry-after': '7' }), 'try again in 5s', now)).toBe(7_000);
  });
});

it('is a wait or nothing, whatever is sent, and soon', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (body, value) => {
      for (const wait of [retryAfterOf(undefined, body, now), parseRetryAfter(value, now), durationMs(value)]) {
        expect(wait === undefined || wait >= 0).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
  const before = performance.now();
  for (const text of [
    'retry in '.repeat(50_000),
    `retry in ${'1h'.repeat(50_000)}`,
    `${'retry '.repeat(50_000)}in 5`,
    ' '.repeat(500_000),
  ]) {
    retryAfterOf(undefined, { message: text }, now);
    parseRetryAfter(text, now);
  }
  expect(performance.now() - before).toBeLessThan(500);
});
