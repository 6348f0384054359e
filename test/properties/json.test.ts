import fc from 'fast-check';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { elements, isProviderError, json, parsePartialJson } from '../../src/index.ts';
import { text } from '../../src/testing/index.ts';
import { listen } from '../operators/helpers.ts';
import { holds, numRuns, timeout } from './runs.ts';

const unit = fc.oneof(fc.constantFrom('grapheme' as const, 'binary' as const, 'grapheme-ascii' as const));
const value = unit.chain((stringUnit) => fc.jsonValue({ stringUnit, depthSize: 'medium' }));
const container = fc.oneof(fc.array(value), fc.dictionary(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('__proto__')), value));
const before = fc.constantFrom('', ' \n', 'Here you are: ', '```json\n', 'The [list] is:\n\n```\n', 'See {this}: ');
const behind = fc.constantFrom('', '\n', '\n```', '\n```\nAnything else?', ' {"more": [');
const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 });
const style = fc.record({ indent: fc.constantFrom(0, 2), escapes: fc.boolean() });

/** Cuts a text into pieces of these lengths, over and over. */
function cut(whole: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let start = 0, index = 0; start < whole.length; index++) {
    const end = start + (sizes[index % sizes.length] ?? 1);
    pieces.push(whole.slice(start, end));
    start = end;
  }
  return pieces;
}

/** JSON as it may be written: with indents, and with all that is not ASCII escaped. */
function write(content: unknown, { indent, escapes }: { readonly indent: number; readonly escapes: boolean }): string {
  const whole = JSON.stringify(content, null, indent);
  return escapes ? whole.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`) : whole;
}

const eventsOf = (pieces: readonly string[]) => of(...pieces.map((piece) => text(piece)));

/** Whether a value is one that grows into another: strings and arrays begin it, members are some of its members. */
function growsInto(part: unknown, whole: unknown): boolean {
  if (typeof part === 'string') return typeof whole === 'string' && whole.startsWith(part);
  if (typeof part !== 'object' || part === null) return Object.is(part, whole);
  if (typeof whole !== 'object' || whole === null || Array.isArray(part) !== Array.isArray(whole)) return false;
  return Object.entries(part).every(
    ([key, member]) => Object.hasOwn(whole, key) && growsInto(member, (whole as Record<string, unknown>)[key]),
  );
}

/** Whether a text that JSON does not end with such a half shows one. */
const endsInHalf = (shown: unknown): boolean => /[\ud800-\udbff]$/.test(String(shown));

describe('json', () => {
  it(
    'gives what JSON.parse gives, however the text is cut, fenced and talked around; all before grows into it, and stays as it was',
    () => {
      fc.assert(
        fc.property(container, style, before, behind, lengths, (content, how, prose, rest, sizes) => {
          const whole = write(content, how);
          const copies: string[] = [];
          const told = listen(eventsOf(cut(prose + whole + rest, sizes)).pipe(json(z.any())), {
            next: ({ value }) => copies.push(JSON.stringify(value)),
          });
          expect(told.error).toBeUndefined();
          const last = told.values.at(-1);
          holds(last?.done === true, () => 'not done');
          expect(last?.value).toEqual(JSON.parse(whole));
          holds(JSON.stringify(last?.value) === JSON.stringify(JSON.parse(whole)), () => 'other members, or another order');
          told.values.forEach(({ value }, index) => {
            holds(growsInto(value, last?.value), () => `${copies[index]} does not grow into ${whole}`);
            holds(JSON.stringify(value) === copies[index], () => `${copies[index]} was changed afterwards`);
          });
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'never shows half a character at the end of a string that grows',
    () => {
      fc.assert(
        fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), lengths, (said, escapes, sizes) => {
          const { values } = listen(eventsOf(cut(write([said], { indent: 0, escapes }), sizes)).pipe(json(z.array(z.string()))));
          for (const { value } of values) holds(!endsInHalf(value[0] ?? ''), () => `half a character in ${JSON.stringify(value)}`);
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'gives a scalar where the answer is nothing else',
    () => {
      const scalar = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      );
      fc.assert(
        fc.property(scalar, fc.constantFrom('', ' ', '\n'), lengths, (content, space, sizes) => {
          const whole = JSON.stringify(content);
          const { values } = listen(eventsOf(cut(space + whole + space, sizes)).pipe(json(z.any())));
          expect(values).toEqual([{ done: true, value: JSON.parse(whole) }]);
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'accepts no more than JSON.parse does, and fails with a ProviderError, whatever the text',
    () => {
      const noise = fc.array(
        fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', 'u', '00e9', '1', '-', '.', 'e', 'true', 'nul', ' ', '\n', 'a', '\ud83d'),
        {
          maxLength: 40,
        },
      );
      fc.assert(
        fc.property(noise, lengths, (parts, sizes) => {
          const whole = `{"a":${parts.join('')}`;
          const told = listen(eventsOf(cut(whole, sizes)).pipe(json(z.any())));
          holds(told.ends === 1, () => 'no end');
          if (told.error) holds(isProviderError(told.error), () => String(told.error));
          else {
            const last = told.values.at(-1);
            const rest = (last?.done && last.rest) || '';
            const read = whole.trimEnd().slice(0, whole.trimEnd().length - rest.length);
            expect(JSON.parse(read.replace(/```$/, ''))).toEqual(last?.value);
          }
          // The rest of what JSON.parse takes is taken too.
          if (isJson(whole)) holds(told.error === undefined, () => `${whole} is refused: ${told.error}`);
          const partial = parsePartialJson(whole);
          holds(partial.complete === (told.error === undefined), () => 'parsePartialJson says otherwise');
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'makes of a text that is cut what grows into the whole',
    () => {
      fc.assert(
        fc.property(container, style, fc.nat(1_000), (content, how, at) => {
          const whole = write(content, how);
          const half = parsePartialJson(whole.slice(0, at));
          holds(half.complete === at >= whole.length, () => 'complete or not');
          // The beginning of a number is a number, but another one.
          const numbers = JSON.stringify(half.value ?? {}).match(/-?\d/) !== null;
          if (!numbers && half.value !== undefined) holds(growsInto(half.value, JSON.parse(whole)), () => JSON.stringify(half.value));
        }),
        { numRuns },
      );
    },
    timeout,
  );
});

describe('elements', () => {
  it(
    'emits the items of an array, each once and in order, however the text is cut',
    () => {
      fc.assert(
        fc.property(fc.array(value), style, before, behind, lengths, fc.boolean(), (items, how, prose, rest, sizes, isWrapped) => {
          const whole = write(isWrapped ? { first: [0], items, last: {} } : items, how);
          const source = eventsOf(cut(prose + whole + rest, sizes));
          const told = listen(source.pipe(elements(z.any(), isWrapped ? { path: 'items' } : {})));
          expect(told.error).toBeUndefined();
          expect(told.values).toEqual(JSON.parse(JSON.stringify(items)));
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'emits each of the lines of JSON lines',
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.dictionary(fc.string(), value), { minLength: 1 }),
          lengths,
          fc.constantFrom('', '\n', '\r\n', ' '),
          (lines, sizes, between) => {
            const whole = lines.map((line) => JSON.stringify(line)).join(between);
            const told = listen(eventsOf(cut(whole, sizes)).pipe(elements(z.any())));
            expect(told.error).toBeUndefined();
            expect(told.values).toEqual(lines.map((line) => JSON.parse(JSON.stringify(line))));
          },
        ),
        { numRuns },
      );
    },
    timeout,
  );
});

function isJson(whole: string): boolean {
  try {
    JSON.parse(whole);
    return true;
  } catch {
    return false;
  }
}
