import { describe, expect, it, test } from 'vitest';
import { anthropicRateLimits, openaiRateLimits } from '../../src/providers/rate-limit-headers.ts';

const now = Date.parse('2026-09-01T00:00:00Z');
const date = new Date(now).toUTCString();
const read = (headers: Record<string, string>) => openaiRateLimits(new Headers({ date, ...headers }));

describe('a server that speaks like OpenAI', () => {
  test.each<[string, Record<string, string>, object[]]>([
    [
      'OpenAI',
      {
        'x-ratelimit-limit-requests': '500',
        'x-ratelimit-remaining-requests': '499',
        'x-ratelimit-reset-requests': '120ms',
        'x-ratelimit-limit-tokens': '30000',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      [
        { kind: 'requests', limit: 500, remaining: 499, resetMs: 120 },
        { kind: 'tokens', limit: 30_000, remaining: 0, resetMs: 360_000 },
      ],
    ],
    [
      'Groq',
      {
        'x-ratelimit-remaining-tokens': '5',
        'x-ratelimit-reset-tokens': '2m59.56s',
        'x-ratelimit-remaining-requests': '1',
        'x-ratelimit-reset-requests': '7.66s',
      },
      [
        { kind: 'requests', limit: undefined, remaining: 1, resetMs: 7_660 },
        { kind: 'tokens', limit: undefined, remaining: 5, resetMs: 179_560 },
      ],
    ],
    [
      'Azure, which tells no reset',
      { 'x-ratelimit-remaining-requests': '9', 'x-ratelimit-remaining-tokens': '4000' },
      [
        { kind: 'requests', limit: undefined, remaining: 9, resetMs: undefined },
        { kind: 'tokens', limit: undefined, remaining: 4_000, resetMs: undefined },
      ],
    ],
    [
      'OpenRouter, in milliseconds since 1970',
      { 'x-ratelimit-limit': '20', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 5_000) },
      [{ kind: 'requests', limit: 20, remaining: 0, resetMs: 5_000 }],
    ],
    [
      'a gateway, in seconds since 1970',
      { 'ratelimit-limit': '20', 'ratelimit-remaining': '1', 'ratelimit-reset': String(now / 1_000 + 5) },
      [{ kind: 'requests', limit: 20, remaining: 1, resetMs: 5_000 }],
    ],
    [
      'a gateway, in seconds',
      { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '33.5' },
      [{ kind: 'requests', limit: undefined, remaining: 1, resetMs: 33_500 }],
    ],
    [
      'a gateway, as points in time',
      {
        'x-ratelimit-remaining-requests': '1',
        'x-ratelimit-reset-requests': '2026-09-01T00:00:30Z',
        'x-ratelimit-remaining-tokens': '2',
        'x-ratelimit-reset-tokens': 'Tue, 01 Sep 2026 00:00:40 GMT',
      },
      [
        { kind: 'requests', limit: undefined, remaining: 1, resetMs: 30_000 },
        { kind: 'tokens', limit: undefined, remaining: 2, resetMs: 40_000 },
      ],
    ],
    [
      'Mistral',
      {
        'ratelimitbysize-limit': '500000',
        'ratelimitbysize-remaining': '499958',
        'ratelimitbysize-reset': '42',
        'ratelimitbysize-query-cost': '42',
        'x-ratelimit-limit-req-minute': '60',
        'x-ratelimit-remaining-req-minute': '59',
      },
      [
        { kind: 'requests', limit: 60, remaining: 59, resetMs: undefined },
        { kind: 'tokens', limit: 500_000, remaining: 499_958, resetMs: 42_000 },
      ],
    ],
    [
      'Cerebras, by the day and by the minute',
      {
        'x-ratelimit-limit-requests-day': '14400',
        'x-ratelimit-remaining-requests-day': '14399',
        'x-ratelimit-reset-requests-day': '33011.382867',
        'x-ratelimit-limit-tokens-minute': '60000',
        'x-ratelimit-remaining-tokens-minute': '59000',
        'x-ratelimit-reset-tokens-minute': '11.38',
      },
      [
        { kind: 'requests', limit: 14_400, remaining: 14_399, resetMs: 33_011_382.867 },
        { kind: 'tokens', limit: 60_000, remaining: 59_000, resetMs: 11_380 },
      ],
    ],
    [
      'Fireworks, input and output apart',
      { 'x-ratelimit-limit-tokens-prompt': '100', 'x-ratelimit-remaining-tokens-generated': '5' },
      [
        { kind: 'input-tokens', limit: 100, remaining: undefined, resetMs: undefined },
        { kind: 'output-tokens', limit: undefined, remaining: 5, resetMs: undefined },
      ],
    ],
    ['one that tells a reset alone', { 'x-ratelimit-reset-requests': '1s' }, []],
    [
      'one that makes no sense',
      { 'x-ratelimit-limit-requests': 'many', 'x-ratelimit-remaining-tokens': '-1', 'x-ratelimit-limit-images': '5' },
      [],
    ],
    ['none', {}, []],
  ])('%s', (_name, headers, limits) => {
    expect(read(headers)).toEqual(limits);
  });

  it('whose clock is not told tells no points in time, only spans', () => {
    const told = { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': String(now) };
    expect(openaiRateLimits(new Headers(told))).toEqual([{ kind: 'requests', limit: undefined, remaining: 1, resetMs: undefined }]);
  });

  it('whose reset has passed is whole already', () => {
    expect(read({ 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': String(now - 1_000) })).toMatchObject([{ resetMs: 0 }]);
  });

  it('with a header for each of a thousand limits tells a few', () => {
    const headers = Object.fromEntries(
      Array.from({ length: 676 }, (_, index) => [
        `x-ratelimit-remaining-tokens-${String.fromCharCode(97 + (index % 26), 97 + Math.floor(index / 26))}`,
        '1',
      ]),
    );
    expect(read(headers)).toHaveLength(16);
  });
});

test('Anthropic tells points in time, in the order of what matters', () => {
  const headers = new Headers({
    date,
    'anthropic-ratelimit-output-tokens-remaining': '5',
    'anthropic-ratelimit-input-tokens-remaining': '0',
    'anthropic-ratelimit-tokens-limit': '9',
    'anthropic-ratelimit-requests-limit': '50',
    'anthropic-ratelimit-requests-remaining': '49',
    'anthropic-ratelimit-requests-reset': '2026-09-01T00:00:30Z',
    'anthropic-ratelimit-unified-status': 'allowed',
  });
  expect(anthropicRateLimits(headers)).toEqual([
    { kind: 'requests', limit: 50, remaining: 49, resetMs: 30_000 },
    { kind: 'tokens', limit: 9, remaining: undefined, resetMs: undefined },
    { kind: 'input-tokens', limit: undefined, remaining: 0, resetMs: undefined },
    { kind: 'output-tokens', limit: undefined, remaining: 5, resetMs: undefined },
  ]);
});
