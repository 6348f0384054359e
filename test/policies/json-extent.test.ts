import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { endOfValue } from '../../src/policies/json-extent.ts';
import { numRuns } from '../properties/runs.ts';

describe('the end of a JSON value', () => {
  it('is found for every value as JSON.stringify writes it, whatever follows', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom('', ',', '}', ' ]', '"'), (json, rest) => {
        expect(endOfValue(`x${json}${rest}`, 1)).toBe(json.length + 1);
      }),
      { numRuns },
    );
  });

  it('is the end of something that JSON.parse takes, for any text', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"b":',
      '1',
      '0',
      '-',
      '.',
      'e',
      'E+',
      'true',
      'nul',
      ' ',
      '\n',
      '\t',
      '\\',
      '\\u00',
      'aF',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12, size: 'max' }), (tokens) => {
        const text = tokens.join('');
        const end = endOfValue(text, 0);
        if (end !== -1) expect(() => JSON.parse(text.slice(0, end))).not.toThrow();
      }),
      { numRuns: numRuns * 20 },
    );
  });

  test.each(['1e5', '-0.5E-7', '"\\u00e9\\n\\""', '[ ]', '{ }', '[1, 2 ]', '{ "a" : { "b" : null } , "c":[true,false]}'])('%s', (json) => {
    expect(endOfValue(json, 0)).toBe(json.length);
    expect(JSON.parse(json)).toBeDefined();
  });

  test.each([
    '',
    '"',
    '"\\',
    '"\\q"',
    '"\\u12g4"',
    '"\u0001"',
    '01',
    '-',
    '1.',
    '1e',
    '1e+',
    'tru',
    '[',
    '[1',
    '[1,]',
    '[1 2]',
    '{',
    '{a',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,}',
    '{"a" 1}',
    '[\n1]',
  ])('is not found: %j', (json) => {
    expect(endOfValue(json, 0)).toBe(-1);
  });

  it('is found as deep as messages go, and never at the cost of the stack', () => {
    expect(endOfValue(`${'['.repeat(16)}${']'.repeat(16)}`, 0)).toBe(32);
    expect(endOfValue('['.repeat(1e6), 0)).toBe(-1);
    expect(endOfValue('{"a":'.repeat(1e6), 0)).toBe(-1);
  });
});
