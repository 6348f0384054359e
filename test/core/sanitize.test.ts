import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { maxDetailLength, sanitize, secretsOf } from '../../src/core/sanitize.ts';
import { propertyTimeout, runs } from './properties.ts';

/** Everything that may not reach a terminal or a log. */
const forbidden = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/u;
const anyText = (maxLength = 300) => fc.string({ unit: 'binary', maxLength });
const secret = fc.stringMatching(/^[A-Za-z0-9+/_-]{12,40}$/);

describe('secrets that are recognized by their form', () => {
  test.each<[string, string]>([
    ['OpenAI', 'Incorrect API key provided: sk-proj-1234567890abcdef.'],
    ['a key that the provider masked', 'Incorrect API key provided: sk-1234********cdef.'],
    ['Anthropic', 'invalid x-api-key sk-ant-api03-abcdefghij'],
    ['Google', 'API key AIzaSyA1234567890abcdefghij not valid'],
    ['Groq', 'Invalid API Key: gsk_abcdefghijklmnop'],
    ['AWS', 'credential AKIAIOSFODNN7EXAMPLE/20260101'],
    ['a JSON web token', 'token was eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl'],
    ['a bearer token', 'sent Bearer abcdef0123456789 to upstream'],
    ['a header', 'headers: {"Authorization": "Bearer s3cr3tvalue", "x": 1}'],
    ['a header without a scheme', 'x-api-key: s3cr3tvalue'],
    ['a query', 'GET https://host/v1?alt=sse&key=s3cr3tvalue failed'],
    ['a member of JSON', '{"api_key":"s3cr3tvalue"}'],
    ['credentials of a URL', 'proxy http://user:s3cr3tvalue@host:8080 refused'],
    ['another scheme of Authorization', 'Authorization: Token s3cr3tvalue'],
    ['a key behind its scheme', 'authorization: ApiKey s3cr3tvalue'],
    ['the second of two cookies', 'cookie: theme=dark; sid=s3cr3tvalue'],
  ])('are redacted: %s', (_name, text) => {
    const safe = sanitize(text);
    expect(safe).toContain('[redacted]');
    expect(safe).not.toMatch(/s3cr3tvalue|1234567890|abcdef|FODNN7|eyJ|AIzaSy/);
  });

  test.each<[string]>([
    ['Rate limit reached for gpt-4o-mini in organization org-abc on tokens per min (TPM): Limit 30000, Used 29500.'],
    ['The model `gpt-5` does not exist or you do not have access to it.'],
    ['max_tokens: 5000 > 4096'],
    ['https://platform.openai.com/docs/guides/error-codes'],
  ])('are not seen where there are none: %s', (text) => {
    expect(sanitize(text)).toBe(text);
  });
});

describe('characters', () => {
  it('turns line ends and tabs into spaces, and escapes every other control', () => {
    expect(sanitize('a\r\nb\tc\u001b[31md\u0000e\u202ef\u200bg')).toBe('a  b c\\u{1b}[31md\\u{0}e\\u{202e}f\\u{200b}g');
  });

  it('leaves text of any script as it is', () => {
    for (const text of ['Größe', '日本語のエラー', 'שגיאה', '👩🏽‍🚀'.replace('\u200d', ''), 'e\u0301']) expect(sanitize(text)).toBe(text);
  });

  it('escapes half a surrogate pair, and leaves none behind at the limit', () => {
    expect(sanitize('a\ud83db')).toBe('a\\u{d83d}b');
    expect(sanitize(`${'x'.repeat(9)}😀`, [], 10)).toBe(`${'x'.repeat(9)}…`);
  });

  it(
    'never emits a control character, whatever the text',
    () => {
      fc.assert(
        fc.property(anyText(), fc.integer({ min: 0, max: 100 }), (text, maxLength) => {
          expect(sanitize(text, [], maxLength)).not.toMatch(forbidden);
        }),
        runs(1_000),
      );
    },
    propertyTimeout,
  );

  it('is idempotent', { timeout: propertyTimeout }, () => {
    const pieces = fc.constantFrom(
      'authorization: ',
      'bearer ',
      'sk-',
      'token=',
      'AIza',
      '\u0000',
      '\u200b',
      '\n',
      'eyJabcdefg.',
      '://',
      '@',
      ';',
      'x',
    );
    const text = fc.array(fc.oneof(pieces, anyText(12)), { maxLength: 20 }).map((all) => all.join(''));
    fc.assert(
      fc.property(text, (raw) => {
        const once = sanitize(raw);
        expect(sanitize(once)).toBe(once);
      }),
      runs(1_000),
    );
  });
});

describe('known secrets', () => {
  it('never survive, wherever they stand', { timeout: propertyTimeout }, () => {
    const text = fc.tuple(
      fc.uniqueArray(secret, { minLength: 1, maxLength: 3 }),
      fc.array(fc.oneof(anyText(40), fc.nat(2)), { maxLength: 12 }),
    );
    fc.assert(
      fc.property(text, ([secrets, pieces]) => {
        const raw = pieces.map((piece) => (typeof piece === 'number' ? (secrets[piece % secrets.length] as string) : piece)).join('');
        const headers = Object.fromEntries(secrets.map((value, index) => [`x-key-${index}`, value]));
        const safe = sanitize(raw, secretsOf('https://host/', headers));
        for (const value of secrets) expect(safe).not.toContain(value);
      }),
      runs(1_000),
    );
  });

  it('are not cut in half by the limit', () => {
    const value = 'Zx81Zx81Zx81Zx81';
    for (let before = 1_000; before <= 1_030; before++) expect(sanitize('.'.repeat(before) + value, [value])).not.toContain('Zx81');
    for (let before = 4_080; before <= 4_100; before++) expect(sanitize('.'.repeat(before) + value, [value])).not.toContain('Zx81');
  });

  it('are read out of headers and the query, the longest first, so that no tail is left of one that begins with another', () => {
    const secrets = secretsOf('https://host/v1?key=abcdefgh&alt=sse', {
      authorization: 'Bearer abcdefgh-long',
      'content-type': 'application/json',
    });
    expect(secrets).toEqual(['Bearer abcdefgh-long', 'abcdefgh-long', 'abcdefgh']);
    expect(sanitize('got abcdefgh-long', secrets)).toBe('got [redacted]');
  });

  it('are not the idempotency key, the content type, nor words too short to be one', () => {
    expect(secretsOf('https://host/', { 'idempotency-key': 'request-1', accept: 'text/event-stream', 'x-api-key': 'abc' })).toEqual([]);
  });
});

describe('the limit', () => {
  it('marks what was cut', () => {
    expect(sanitize('x'.repeat(5_000))).toBe(`${'x'.repeat(maxDetailLength)}…`);
    expect(sanitize('x'.repeat(maxDetailLength))).toBe('x'.repeat(maxDetailLength));
  });

  it('holds for text of escaped characters too', () => {
    expect(sanitize('\u0000'.repeat(5_000)).length).toBeLessThanOrEqual(maxDetailLength + 1);
  });

  test.each<[string, string]>([
    ['letters', 'a'],
    ['the beginning of a web token', 'eyJa-'],
    ['the beginning of a URL', 'ab://c'],
    ['a header name', 'authorization '],
    ['a bearer without a token', 'bearer '],
    ['keys', 'sk-a '],
    ['assignments', 'token='],
    ['spaces', ' '],
    ['controls', '\u0001'],
    ['half pairs', '\ud800'],
    ['query', '?key='],
  ])('makes ten times the input take no more than linearly longer: %s', (_name, piece) => {
    const known = ['Zx81Zx81Zx81', 'yyyyyyyyyyyyyyyyyyyyyyy'];
    const time = (length: number) => {
      const text = piece.repeat(Math.ceil(length / piece.length));
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 7; round++) {
        const start = performance.now();
        sanitize(text, known);
        best = Math.min(best, performance.now() - start);
      }
      return best;
    };
    // Quadratic would be a hundred times.
    expect(time(400_000)).toBeLessThan(30 * Math.max(time(40_000), 0.05));
  });
});
