import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Hole, MessageTemplate } from '../../src/policies/message-template.ts';
import { numRuns } from '../properties/runs.ts';

const kinds: readonly Hole[] = ['value', 'text', 'value'];
const template = new MessageTemplate(['{"n":', ',"text":"', '","s":', '}'], kinds);
const read = (source: string, start = 0) => template.textAt(source, start);
const written = (n: string, text: string, s: string) => `{"n":${n},"text":"${text}","s":"${s}"}`;

describe('what fits', () => {
  it('is JSON, with that text and whole values in the holes', () => {
    const part = fc.string({
      unit: fc.constantFrom('a', '0', '1', '-', '.', 'e', '"', '\\', 'u', 'n', ',', ':', '\n', '\u0001', '\u2028', '🚀', '\ud83d'),
      maxLength: 6,
    });
    const values = [
      '0',
      '10',
      '-1',
      '01',
      '-',
      '1.',
      '.5',
      '0.50',
      '1e5',
      '-0',
      '1.2.3',
      '00',
      '[1, {"a":[]}]',
      '[1,]',
      '{"a" : 1 }',
      'nul',
    ];
    const value = fc.oneof(part, fc.constantFrom(...values));
    fc.assert(
      fc.property(value, part, part, (n, text, s) => {
        const source = written(n, text, s);
        const found = read(source);
        if (found === undefined || template.end !== source.length) return;
        const parsed = JSON.parse(source);
        expect(parsed).toEqual({ n: parsed.n, text: found, s: expect.any(String) });
        expect(Object.keys(parsed)).toHaveLength(3);
      }),
      { numRuns: numRuns * 10 },
    );
  });

  test.each([
    ['0', 'a', '', 'a'],
    ['-1', ' the', 'x', ' the'],
    ['12.50', 'longer than a shared slice', 'x', 'longer than a shared slice'],
    ['0', 'a\\"b\\\\', 'x', 'a"b\\'],
    ['0', '\\ud83d\\u0000', 'x', '\ud83d\u0000'],
    ['0', '日本', '🚀', '日本'],
  ])('is a message as it was learned: %s, %s, %s', (n, text, s, expected) => {
    expect(read(written(n, text, s))).toBe(expected);
    expect(read(`data: ${written(n, text, s)}`, 6)).toBe(expected);
    expect(template.within('data: ', '\n').textAt(`data: ${written(n, text, s)}\n`, 0)).toBe(expected);
  });

  test.each([
    ['a number with a leading zero', written('01', 'a', 'x')],
    ['a number without digits', written('-', 'a', 'x')],
    ['a fraction without digits', written('1.', 'a', 'x')],
    ['a literal that is none', written('nil', 'a', 'x')],
    ['an empty text', written('1', '', 'x')],
    ['an escape that is none', written('1', '\\q', 'x')],
    ['a control character in the text', written('1', 'a\u0001', 'x')],
    ['a control character in a string', written('1', 'a', '\n')],
    ['a text that never ends', '{"n":1,"text":"abc'],
    ['a text that ends in a backslash', '{"n":1,"text":"abc\\'],
    ['a string that never ends', '{"n":1,"text":"abc","s":"'],
    ['another member', '{"n":1,"test":"abc","s":""}'],
    ['nothing', ''],
  ])('is not %s', (_name, source) => {
    expect(read(source)).toBeUndefined();
  });
});
