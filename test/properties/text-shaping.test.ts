import fc from 'fast-check';
import { type MonoTypeOperatorFunction, Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { bySentence, byWord, holdBack, smooth } from '../../src/index.ts';
import { TextSegments } from '../../src/policies/text-segments.ts';
import { numRuns, same, timeout } from './runs.ts';
import { inVirtualTime } from './virtual-time.ts';

const words = fc.constantFrom(
  'Hello',
  ' ',
  '\r\n',
  '. ',
  '! ',
  "can't",
  '3.14',
  '👩🏽‍💻',
  '🇩🇪🇫🇷',
  'e\u0301',
  '\u200d',
  '\ufe0f',
  '你好世界',
  'สวัสดี',
  'क्षि',
  '\ud83d',
  '\udc69',
  '\u0d4e ',
);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(words, { maxLength: 30 }).map((parts) => parts.join('')),
);
/** A text, cut anywhere, also within a surrogate pair. */
const deltas = fc.tuple(text, fc.array(fc.nat(8), { minLength: 1, maxLength: 20 })).map(([whole, cuts]) => {
  const pieces: string[] = [];
  for (let at = 0, cut = 0; at < whole.length; cut++) {
    const length = 1 + (cuts[cut % cuts.length] ?? 0);
    pieces.push(whole.slice(at, at + length));
    at += length;
  }
  return pieces;
});

const operators: Readonly<Record<string, () => MonoTypeOperatorFunction<string>>> = {
  byWord: () => byWord(),
  bySentence: () => bySentence(),
  smooth: () => smooth({ charactersPerSecond: 50, maxLag: 500 }),
  holdBack: () => holdBack(() => of(true), { window: 7, overlap: 3 }),
};

const run = (pieces: readonly string[], operator: MonoTypeOperatorFunction<string>, every: number, error?: Error) => {
  const told = { values: [] as string[], ends: 0, error: undefined as unknown };
  inVirtualTime((time) => {
    const source = new Observable<string>((subscriber) => {
      pieces.forEach((piece, index) => {
        time.in(index * every, () => subscriber.next(piece));
      });
      time.in(pieces.length * every, () => (error ? subscriber.error(error) : subscriber.complete()));
    });
    source.pipe(operator).subscribe({
      next: (value) => told.values.push(value),
      error: (failure) => {
        told.ends++;
        told.error = failure;
      },
      complete: () => told.ends++,
    });
    time.advance(60_000);
    same(time.pending, 0);
  });
  return told;
};

describe.each(Object.entries(operators))('%s', (_name, make) => {
  it('loses nothing, adds nothing and cuts no character, however the text was cut', { timeout }, () => {
    fc.assert(
      fc.property(deltas, fc.nat(20), fc.boolean(), (pieces, every, fails) => {
        const error = fails ? new Error('broken') : undefined;
        const told = run(pieces, make(), every, error);
        const whole = pieces.join('');
        same(told.values.join(''), whole);
        same(told.ends, 1);
        same(told.error, error);
        const clusters = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(whole);
        let at = 0;
        for (const value of told.values.slice(0, -1)) {
          at += value.length;
          // Only a cluster longer than a window is cut.
          const cluster = clusters.containing(at);
          if ((cluster?.segment.length ?? 0) < 7) same(cluster?.index, at);
        }
      }),
      { numRuns },
    );
  });
});

describe('byWord and bySentence', () => {
  it.each(['word', 'sentence'] as const)('of a %s give the segments that the whole text has', { timeout }, (granularity) => {
    const plain = fc.array(fc.constantFrom('Hello', 'a', ' ', '.', ',', "'", '3', '!', '\n', '"', '(', '?', '👍🏽', 'é'), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(plain, (parts) => {
        const piecewise = new TextSegments({ granularity, maxHeld: 4_096 });
        const atOnce = new TextSegments({ granularity, maxHeld: 4_096 });
        const whole = parts.join('');
        const told = [...[...whole].flatMap((character) => piecewise.add(character)), ...piecewise.end()];
        expect(told).toEqual([...atOnce.add(whole), ...atOnce.end()]);
      }),
      { numRuns },
    );
  });

  it.each([
    ['word', 'x'],
    ['word', 'don’t stop '],
    ['word', '…'],
    ['sentence', 'x'],
    ['sentence', '. '],
    ['sentence', 'e.g. this, '],
    ['sentence', '你好'],
  ] as const)('of a %s segment each character a bounded number of times: %j over and over', (granularity, piece) => {
    const machine = new TextSegments({ granularity, maxHeld: 4_096 });
    const whole = piece.repeat(Math.ceil(60_000 / piece.length));
    let told = '';
    for (const character of whole) {
      told += machine.add(character).join('');
    }
    expect(told.length).toBeGreaterThan(whole.length - 4_200);
    expect(told + machine.end().join('')).toBe(whole);
    expect(machine.segmented).toBeLessThan(whole.length * 16);
  });
});
