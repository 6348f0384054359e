import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { maxTimerDelay } from '../../src/core/defaults.ts';
import { callback, count, instance, limit, milliseconds, parseOptions, within } from '../../src/core/options.ts';
import { propertyTimeout, runs } from './properties.ts';

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;
const schema = z.strictObject({
  wait: milliseconds(0).optional(),
  inner: z.strictObject({ size: count(1, 9) }).optional(),
  name: z.string({ error: 'must be a string' }),
});
const complaint = (options: unknown) => {
  try {
    parseOptions('make', schema, options);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('what numbers may be', () => {
  test.each<[string, z.ZodType, unknown[], unknown[]]>([
    [
      'milliseconds',
      milliseconds(1),
      [1, 1.5, maxTimerDelay, Number.POSITIVE_INFINITY],
      [0, -1, maxTimerDelay + 1, Number.NaN, '5', null, 5n],
    ],
    ['count', count(1), [1, 2, Number.MAX_SAFE_INTEGER], [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1']],
    ['count with an end', count(1, 3), [1, 3], [0, 4]],
    ['limit', limit(0), [0, 1, Number.POSITIVE_INFINITY], [-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY, '0']],
    ['within', within(0, 2), [0, 1.5, 2], [-0.1, 2.1, Number.NaN, Number.POSITIVE_INFINITY, '1']],
    ['callback', callback(), [() => 0, class {}], [{}, null, 'f']],
    ['instance', instance('state$', 'createX'), [{ state$: 1 }], [{}, null, 'state$', undefined]],
  ])('%s', (_name, type, good, bad) => {
    for (const value of good) expect(accepts(type, value), String(value)).toBe(true);
    for (const value of bad) expect(accepts(type, value), String(value)).toBe(false);
  });
});

describe('parseOptions', () => {
  test.each<[string, unknown, string]>([
    [
      'a value out of range',
      { name: 'n', wait: -1 },
      'make: wait must be a number of milliseconds from 0 to 2147483647, or Infinity, got -1',
    ],
    [
      'a value of another type',
      { name: 'n', wait: '5' },
      'make: wait must be a number of milliseconds from 0 to 2147483647, or Infinity, got "5"',
    ],
    ['an unknown option', { name: 'n', wiat: 5 }, 'make: wiat is not an option'],
    ['an unknown option inside', { name: 'n', inner: { size: 1, sise: 2 } }, 'make: inner.sise is not an option'],
    ['a value inside', { name: 'n', inner: { size: 10 } }, 'make: inner.size must be a whole number from 1 to 9, got 10'],
    ['an object', { name: {} }, 'make: name must be a string, got an object'],
    ['a function', { name: () => 1 }, 'make: name must be a string, got a function'],
    ['an array', { name: [1] }, 'make: name must be a string, got an array'],
    ['nothing', {}, 'make: name is missing: it must be a string'],
  ])('names the option, what it must be and what it was: %s', (_name, options, message) => {
    expect(complaint(options)).toEqual(new TypeError(message));
    expect(complaint(options)).toBeInstanceOf(TypeError);
  });

  it('bounds and escapes what it quotes', () => {
    const { message } = complaint({ name: 'n', wait: `\u001b${'x'.repeat(5_000)}` }) as Error;
    expect(message.length).toBeLessThan(250);
    expect(message).not.toMatch(/\p{Cc}/u);
    expect((complaint({ name: 'n', [`a\u001b${'x'.repeat(5_000)}`]: 1 }) as Error).message).not.toMatch(/\p{Cc}/u);
  });

  it('raises a TypeError or returns, whatever it is given', { timeout: propertyTimeout }, () => {
    fc.assert(
      fc.property(fc.anything(), (options) => {
        const error = complaint(options);
        if (error !== undefined) expect(error).toBeInstanceOf(TypeError);
        else expect(typeof (options as { name: unknown }).name).toBe('string');
      }),
      runs(),
    );
  });
});
