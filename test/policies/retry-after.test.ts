import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  durationMs,
  parseRetryAfter,
  retryAfterOf,
  retryAfterOfBody,
  retryAfterOfHeaders,
  retryAfterOfText,
  waitOfHeaders,
} from '../../src/policies/retry-after.ts';
import { propertyTimeout, runs } from '../core/properties.ts';

const now = Date.UTC(2026, 0, 15, 12, 0, 0);
const date = (offset: number) => new Date(now + offset).toUTCString();

describe('a Retry-After header', () => {
  test.each<[string, string, number | undefined]>([
    ['cls-16 seconds', '7', 7_000],
    ['cls-16 a fraction', '1.5', 1_500],
    ['cls-16 a date ahead', date(20_000), 20_000],
    ['cls-16 a date that has passed', date(-20_000), 0],
    ['cls-16 a word', 'soon', undefined],
    ['cls-16 a negative number', '-3', undefined],
    ['zero', '0', 0],
    ['blanks around', '  7 ', 7_000],
    ['a plus', '+7', 7_000],
    ['a point at the end', '7.', 7_000],
    ['the date of RFC 850', 'Thursday, 15-Jan-26 12:00:05 GMT', 5_000],
    ['an ISO date', '2026-01-15T12:00:05Z', 5_000],
    ['a date that is none', 'Thu, 99 Foo 2026', undefined],
    ['a duration', '1m30s', 90_000],
    ['sent twice', '5, 120', 120_000],
    ['sent twice with a word', '5, soon', undefined],
    ['empty', '', undefined],
    ['NaN', 'NaN', undefined],
    ['Infinity', 'Infinity', undefined],
    ['hexadecimal', '0x10', undefined],
    ['exponent', '1e3', undefined],
    ['digits beyond any number', '9'.repeat(400), Number.POSITIVE_INFINITY],
  ])('%s: %s', (_name, value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });

  it('cls-16 is found in any case, and so are the milliseconds of a provider’s own headers', () => {
    const wait = (headers: Record<string, string>) => waitOfHeaders(new Headers(headers), ['wait-ms', 'other-wait-ms']);
    expect(retryAfterOfHeaders(new Headers({ 'Retry-After': '7' }), now)).toBe(7_000);
    expect(wait({ 'wait-ms': '250' })).toBe(250);
    expect(wait({ 'WAIT-MS': '250.5', 'other-wait-ms': '7' })).toBe(250.5);
    expect(wait({ 'other-wait-ms': '80', 'retry-after': '7' })).toBe(80);
    expect(wait({ 'wait-ms': 'x', 'other-wait-ms': '7' })).toBe(7);
    expect(wait({ 'wait-ms': '-5' })).toBeUndefined();
    expect(wait({ 'wait-ms': '0' })).toBe(0);
    expect(wait({ 'retry-after': '7' })).toBeUndefined();
    expect(retryAfterOfHeaders(new Headers(), now)).toBeUndefined();
  });
});

describe('a duration', () => {
  test.each<[string, number | undefined]>([
    ['6m0s', 360_000],
    ['1h2m3.5s', 3_723_500],
    ['10h17m5.72s', 37_025_720],
    ['20ms', 20],
    ['5 minutes', 300_000],
    ['1 day and 2 hours', 93_600_000],
    ['41.7', 41_700],
    ['34.4s', 34_400],
    ['5m 3 of them', 300_000],
    ['3 apples', undefined],
    ['s', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(durationMs(text)).toBe(expected);
  });
});

describe('a message', () => {
  test.each<[string, number | undefined]>([
    ['Rate limit reached. Please try again in 6m0s. Visit https://x', 360_000],
    ['Please try again in 20ms.', 20],
    ['Please retry in 10h17m5.72s.', 37_025_720],
    ['Please retry after 26 seconds.', 26_000],
    ['Try again in about 3 minutes', 180_000],
    ['"retryDelay": "34.4s"', 34_400],
    ['{\\"retryDelay\\": \\"7s\\"}', 7_000],
    ['Please try again later', undefined],
    ['Please try again in a moment', undefined],
    ['limit 30000, used 29500', undefined],
  ])('%s', (text, expected) => {
    expect(retryAfterOfText(text)).toBe(expected);
  });
});

describe('a body', () => {
  test.each<[string, unknown, number | undefined]>([
    ['RetryInfo of Gemini', { error: { details: [{ '@type': 'x' }, { '@type': 'RetryInfo', retryDelay: '34.4s' }] } }, 34_400],
    ['a member in seconds', { error: { retry_after: 3 } }, 3_000],
    ['a member in milliseconds counts first', { retry_after_ms: 250, retry_after: 3 }, 250],
    ['a member as text', { retryAfter: '5s' }, 5_000],
    ['cls-11 an exact member counts before words', { error: { message: 'Please try again in 45s', retry_after: 30 } }, 30_000],
    ['words', { error: { message: 'Please try again in 45s' } }, 45_000],
    ['zero', { retry_after: 0 }, 0],
    ['a negative number', { retry_after: -1 }, undefined],
    ['nothing', { error: { message: 'no' } }, undefined],
    ['null', null, undefined],
    ['a number', 5, undefined],
    ['text', 'try again in 2 seconds', 2_000],
  ])('%s', (_name, body, expected) => {
    expect(retryAfterOfBody(body)).toBe(expected);
  });

  it('is searched within bounds: deep, wide and circular', () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    expect(retryAfterOfBody(circular)).toBeUndefined();
    let deep: unknown = { retry_after: 1 };
    for (let each = 0; each < 10_000; each++) deep = { deep };
    expect(retryAfterOfBody(deep)).toBeUndefined();
    expect(retryAfterOfBody(Array.from({ length: 100_000 }, () => ({ retry_after: 'x' })))).toBeUndefined();
  });
});

describe('header and body together', () => {
  it('the header counts first', () => {
    expect(retryAfterOf(new Headers({ 'retry-after': '1' }), { retry_after: 9 }, now)).toBe(1_000);
    expect(retryAfterOf(new Headers({ 'retry-after': 'soon' }), { retry_after: 9 }, now)).toBe(9_000);
    expect(retryAfterOf(undefined, undefined, now)).toBeUndefined();
  });

  const odd = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          '9',
          '0',
          '.',
          '-',
          '+',
          'e',
          'm',
          's',
          'ms',
          'h',
          ' ',
          ',',
          ':',
          'GMT',
          'Wed, ',
          '2026-01-01T',
          'try again in ',
          'retryDelay":"',
          'Infinity',
          'NaN',
        ),
        { maxLength: 14 },
      )
      .map((all) => all.join('')),
    fc.array(fc.constantFrom('9', '0', '1'), { minLength: 300, maxLength: 700, size: 'max' }).map((all) => all.join('')),
  );
  const sound = (value: number | undefined) => {
    if (value === undefined) return;
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).not.toBeNaN();
  };

  it('never throws, is never NaN and never negative, whatever they are', { timeout: propertyTimeout }, () => {
    fc.assert(
      fc.property(odd, fc.anything(), (text, body) => {
        sound(parseRetryAfter(text, now));
        sound(durationMs(text));
        sound(retryAfterOfText(text));
        sound(retryAfterOfBody(body));
        for (const field of ['retry_after', 'retryDelay', 'retryAfterMs'])
          sound(retryAfterOfBody({ error: { [field]: body }, message: text }));
      }),
      runs(1_000),
    );
  });

  test.each<[string]>([
    ['try again in '],
    ['1'],
    ['1s'],
    ['1,'],
    ['5m 3 '],
    ['retryDelay":"'],
    ['retryDelay\\'],
    [' '],
    ['retry after about '],
  ])('takes no more than linearly longer for ten times the text: %j', (piece) => {
    const time = (length: number) => {
      const text = piece.repeat(Math.ceil(length / piece.length));
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 7; round++) {
        const start = performance.now();
        parseRetryAfter(text, now);
        retryAfterOfText(text);
        best = Math.min(best, performance.now() - start);
      }
      return best;
    };
    expect(time(400_000)).toBeLessThan(30 * Math.max(time(40_000), 0.05));
  });
});
