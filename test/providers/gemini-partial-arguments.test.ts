import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ErrorResponse } from '../../src/core/error-response.ts';
import { PartialArguments } from '../../src/providers/gemini-partial-arguments.ts';
import { numRuns, timeout } from '../properties/runs.ts';

const name = fc.oneof(
  fc.constantFrom('a', 'b', '__proto__', 'constructor', 'a b', 'a.b', "it's", '"', '\\', '[0]', '', '日本'),
  fc.string(),
);
const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const { object } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, tie('object'), fc.array(tie('value'), { minLength: 1, maxLength: 3 })),
  // Like an object of JSON: every name is its own.
  object: fc
    .uniqueArray(fc.tuple(name, tie('value')), { minLength: 1, maxLength: 4, selector: ([each]) => each })
    .map((members) => JSON.parse(`{${members.map(([each, value]) => `${JSON.stringify(each)}:${JSON.stringify(value)}`).join(',')}}`)),
}));

/** The entries in which Gemini would tell a value: a text in pieces, all else at once. */
function entriesOf(value: unknown, path: string, quote: '"' | "'", size: number): object[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => entriesOf(each, `${path}[${index}]`, quote, size));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([each, inner]) => entriesOf(inner, path + stepOf(each, quote), quote, size));
  }
  if (typeof value === 'number') return [{ jsonPath: path, numberValue: value }];
  if (typeof value === 'boolean') return [{ jsonPath: path, boolValue: value }];
  if (typeof value !== 'string') return [{ jsonPath: path, nullValue: null }];
  const pieces: object[] = [];
  for (let start = 0; start < value.length; start += size) {
    pieces.push({ jsonPath: path, stringValue: value.slice(start, start + size), willContinue: true });
  }
  return [...pieces, { jsonPath: path, stringValue: '' }];
}

function stepOf(each: string, quote: '"' | "'"): string {
  if (/^\w+$/.test(each)) return `.${each}`;
  const quoted = JSON.stringify(each);
  return quote === '"' ? `[${quoted}]` : `['${quoted.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}']`;
}

describe('arguments that arrive value by value', () => {
  it('are those that were told, and so is the text of their pieces', { timeout }, () => {
    fc.assert(
      fc.property(object, fc.constantFrom('"' as const, "'" as const), fc.integer({ min: 1, max: 9 }), (input, quote, size) => {
        const written = new PartialArguments();
        let told = '';
        for (const entry of entriesOf(input, '$', quote, size)) told += written.add(entry);
        expect(written.isWithinValue).toBe(false);
        told += written.end();
        expect(told).toBe(written.text);
        // Names that look like numbers come first in an object, in whatever order they were told.
        expect(JSON.parse(told)).toEqual(JSON.parse(JSON.stringify(input)));
      }),
      { numRuns },
    );
  });

  it('are JSON or an error, whatever comes', { timeout }, () => {
    const path = fc.oneof(
      fc
        .array(fc.constantFrom('$', '.a', '.b', '[0]', '[1]', "['a']", '["b"]', '.', '[', ']', "'", '\\'), { maxLength: 6 })
        .map((all) => all.join('')),
      fc.array(fc.constantFrom('.a', '.b', '[0]', '[1]'), { minLength: 1, maxLength: 3 }).map((all) => `$.x${all.join('')}`),
    );
    const entry = fc.record(
      { jsonPath: path, stringValue: fc.string(), numberValue: fc.double(), boolValue: fc.boolean(), willContinue: fc.boolean() },
      { requiredKeys: ['jsonPath'] },
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const written = new PartialArguments();
        try {
          for (const each of entries) written.add(each);
          written.end();
        } catch (error) {
          expect(error).toBeInstanceOf(ErrorResponse);
          return;
        }
        if (entries.length > 0) JSON.parse(written.text);
      }),
      { numRuns },
    );
  });
});
