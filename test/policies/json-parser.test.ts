import { describe, expect, it } from 'vitest';
import { parsePartialJson } from '../../src/index.ts';
import { JsonText } from '../../src/policies/json-text.ts';

const limits = { maxCharacters: 1_000_000, maxDepth: 512 };

function read(pieces: readonly string[], ends = true): JsonText {
  const text = new JsonText(limits);
  for (const piece of pieces) text.write(piece);
  if (ends) text.end();
  return text;
}

/** What is shown after each piece; `undefined` where nothing is. */
function shown(pieces: readonly string[]): unknown[] {
  const text = new JsonText(limits);
  return pieces.map((piece) => {
    text.write(piece);
    return text.changes > 0 ? text.snapshot() : undefined;
  });
}

/** The pieces of a text for each way to cut it in two, and in single characters. */
function* cuts(text: string): Generator<string[]> {
  for (let at = 0; at <= text.length; at++) yield [text.slice(0, at), text.slice(at)];
  yield Array.from({ length: text.length }, (_, at) => text.charAt(at));
}

function same(text: string, expected: unknown = JSON.parse(text)): void {
  for (const pieces of cuts(text)) {
    const json = read(pieces);
    expect(json.failure, text).toBeUndefined();
    expect(json.snapshot(), text).toEqual(expected);
  }
}

const failure = (...pieces: string[]) => read(pieces).failure;

describe('what is whole', () => {
  it('is there as soon as its last bracket is (jsn-01)', () => {
    const text = read(['{"key": "value"}'], false);
    expect(text.isComplete).toBe(true);
    expect(text.snapshot()).toEqual({ key: 'value' });
  });

  it('is what JSON.parse makes of it: arrays, objects, however they are cut (jsn-08)', () => {
    for (const text of ['[1, 2, 3]', '[{"id": 1}, {"id": 2}]', '[]', '[[],[[]],{}]', '{"a":[{"b":[{}]}],"c":{"d":{}}}']) same(text);
    expect(read(['[{"id": 1', '}, {"id":', ' 2}]']).snapshot()).toEqual([{ id: 1 }, { id: 2 }]);
    expect(read(['[', '1', ',', '2', ',', '3', ']']).snapshot()).toEqual([1, 2, 3]);
    const numbers = Array.from({ length: 10_000 }, (_, index) => index);
    expect(read([JSON.stringify(numbers)]).snapshot()).toEqual(numbers);
  });

  it('may have whitespace and newlines wherever JSON may (jsn-09)', () => {
    same(' \n\t\r{ \n "a" \t:\r [ 1 ,\n2 ] , "b" : { } } \n');
  });

  it('may come with empty pieces between (jsn-12)', () => {
    expect(read(['', '{"a"', '', ': 1', '', '}', '']).snapshot()).toEqual({ a: 1 });
  });

  it('keeps escapes, emoji and what only looks like a bracket, cut anywhere, also within an escape or a surrogate pair (jsn-05)', () => {
    same(String.raw`{"q":"say \"hi\"","b":"C:\\dir\\","u":"\u00e9\u4e2d","e":"\ud83d\ude00","c":"\b\f\n\r\t\/\u0000"}`);
    same('{"emoji":"😀👩‍💻","brackets":"}{][,:","é":"ü"}');
    same(String.raw`["\ud83d", "\ud83dx", "\ude00", "\ud83d\ud83d\ude00"]`);
  });

  it('is deep, and has every kind of number and literal (jsn-14)', () => {
    same(`${'{"a":['.repeat(10)}1${']}'.repeat(10)}`);
    const text = '[42, -123, 3.14159, 1.23e-4, 9007199254740991, 0, -0.0, 1E+2, true, false, null, {}, []]';
    same(text);
    expect(Object.is((read([text]).snapshot() as number[])[6], -0)).toBe(true);
  });

  it('has the last of two members with one name, and `__proto__` as a member like any other', () => {
    same('{"a":1,"b":2,"a":{"c":3}}');
    const value = read(['{"__proto__":{"polluted":true},"constructor":1}']).snapshot() as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('is found behind prose, before prose and in a fence (jsn-04)', () => {
    const value = { json: true };
    for (const text of [
      'Some text {"json": true} more text',
      '```json\n{"json": true}\n```',
      'Here you are:\n\n```\n{"json": true}\n```\nAnything else?',
      'An [array] or {object}, "quoted" even: {"json": true}',
      '"Certainly!" she said: {"json": true}',
    ])
      same(text, value);
  });

  it('may be a scalar, where the text is nothing else (jsn-20)', () => {
    for (const text of ['42', '"x"', 'true', 'null', ' -1.5e3\n', '"a {} b [1]"', '"\\u00e9 \\"{\\""']) same(text);
    same('```json\n42\n```', 42);
    for (const text of ['42 is the answer', 'nothing', '', '"open', '{ 42', 'tru']) expect(failure(text), text).toBeDefined();
  });

  it('is the first of several values; the others are left over (jsn-03, jsn-11)', () => {
    const two = read(['{"first": 1}{"second": 2}']);
    expect(two.snapshot()).toEqual({ first: 1 });
    expect(two.rest).toBe('{"second": 2}');
    expect(read(['{"a":1}\n', '{"b":2}\n{"c":3}']).rest).toBe('{"b":2}\n{"c":3}');
  });

  it('is whole though a second value is cut, which is visible as left over (jsn-19)', () => {
    const text = read(['{"whole": true} {"par', 'tial": ']);
    expect(text.failure).toBeUndefined();
    expect(text.snapshot()).toEqual({ whole: true });
    expect(text.rest).toBe('{"partial":');
  });

  it('keeps at most 4,096 characters of what is left over, and no closing fence', () => {
    expect(read(['```\n{}\n```  ']).rest).toBe('');
    expect(read(['{}', 'x'.repeat(5_000), 'y'.repeat(5_000)]).rest).toBe('x'.repeat(4_096));
  });
});

describe('what is not whole yet', () => {
  it('is shown as far as it came, and equal to the whole at the end (jsn-02)', () => {
    expect(shown(['{"key"', ': "val', 'ue"}'])).toEqual([{}, { key: 'val' }, { key: 'value' }]);
  });

  it('shows strings as they grow, never half an escape and never half a surrogate pair', () => {
    expect(shown(['["', 'a', '\\', 'n', '\\u', '00', 'e9', '\ud83d', '\ude00', '\\ud83d', '\\ude00', '"]'])).toEqual(
      ['', 'a', 'a', 'a\n', 'a\n', 'a\n', 'a\né', 'a\né', 'a\né😀', 'a\né😀', 'a\né😀😀', 'a\né😀😀'].map((text) => [text]),
    );
  });

  it('shows no number, literal or member of which the value is not known', () => {
    expect(shown(['{"a"', ':', ' 1', '2', ',', '"b": tr', 'ue', '}'])).toEqual([
      {},
      {},
      {},
      {},
      { a: 12 },
      { a: 12 },
      { a: 12 },
      { a: 12, b: true },
    ]);
  });

  it('shows nothing of what may still be prose', () => {
    expect(shown(['See [', 'the', ' {', ' list] ', '{"a', '":1'])).toEqual([undefined, undefined, undefined, undefined, {}, {}]);
  });

  it('never changes what was shown, and shares what is closed', () => {
    const text = new JsonText(limits);
    text.write('{"a":[{"b":1}],"c":["x');
    const before = text.snapshot() as Record<string, unknown>;
    const copy = structuredClone(before);
    text.write('y","z"],"d":1}');
    const after = text.snapshot() as Record<string, unknown>;
    expect(before).toEqual(copy);
    expect(after.a).toBe(before.a);
    expect(after.c).not.toBe(before.c);
  });
});

describe('what is wrong', () => {
  it.each<[string, string]>([
    ['{"bad": "json" more bad stuff }}', 'no comma behind a member at the value'],
    ["{'single': 'quotes'}", 'no key where there should be one at the value'],
    ['{key: "value"}', 'no key where there should be one at the value'],
    ['{"a": [1, 2 3]}', 'no comma behind an item at a[2]'],
    ['{"a": {"b c": [{"d": nope}]}}', 'neither a number nor true, false or null at a["b c"][0].d'],
    ['{"a": 01}', 'neither a number nor true, false or null at a'],
    ['{"a": 1.}', 'neither a number nor true, false or null at a'],
    ['{"a" 1}', 'no colon behind a key at a'],
    ['["a", ]', 'no value where there should be one at [1]'],
    ['{"a": 1,}', 'no key where there should be one at the value'],
    ['{"a": "\\x"}', 'an unknown escape in a string at a'],
    ['{"a": "\\u00g0"}', 'an unknown escape in a string at a'],
    ['{"a": "line\nbreak"}', 'a control character in a string at a'],
    ['{"a": [1}', 'no comma behind an item at a[1]'],
    ['{"a": 1, undefined', 'no key where there should be one at the value'],
  ])('is told with its path, wherever it is cut: %s (jsn-10)', (text, reason) => {
    for (const pieces of cuts(text)) expect(failure(...pieces)).toEqual({ kind: 'malformed', reason });
  });

  it('does not hide what is right behind it, where it was but prose (jsn-10)', () => {
    expect(read(['{key: "value"} and [so on]: {"ok": [1]}']).snapshot()).toEqual({ ok: [1] });
  });

  it('is a value that has no end, and where it ended', () => {
    expect(failure('{"a": [1, {"b": "c')).toEqual({ kind: 'incomplete', reason: 'the text ended at a[1].b' });
    expect(failure('no JSON here')).toEqual({ kind: 'incomplete', reason: 'the text holds no JSON' });
  });

  it('is nesting beyond the limit; up to it there is no recursion', () => {
    const text = new JsonText({ maxCharacters: 1_000_000, maxDepth: 10_000 });
    text.write('[1,'.repeat(10_000));
    expect(text.failure).toBeUndefined();
    text.snapshot();
    text.write('[');
    expect(text.failure?.reason).toMatch(/^more than 10000 containers in one another/);
    expect(read(['['.repeat(513)]).failure?.reason).toMatch(/^more than 512 containers/);
  });

  it('is more text than the limit', () => {
    for (const pieces of [['{"a":"', 'x'.repeat(100), '"}'], ['word '.repeat(30)]]) {
      const text = new JsonText({ maxCharacters: 50, maxDepth: 5 });
      for (const piece of pieces) text.write(piece);
      expect(text.failure).toEqual({ kind: 'too-long', reason: 'the JSON is longer than 50 characters' });
    }
  });
});

describe('how it is read', () => {
  it('looks at each character once: a thousand members in pieces of 50, four thousand characters one by one (jsn-13)', () => {
    const members = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`key${index}`, `value${index}`]));
    const whole = JSON.stringify(members);
    expect(read(whole.match(/.{1,50}/gs) as string[]).snapshot()).toEqual(members);
    const long = JSON.stringify({ text: 'x'.repeat(4_000) });
    expect(read([...long]).snapshot()).toEqual({ text: 'x'.repeat(4_000) });
  });

  it('keeps nothing from one text to the next (jsn-15)', () => {
    read(['{"a": "open']);
    const next = new JsonText(limits);
    expect(next.changes).toBe(0);
    expect(next.rest).toBe('');
    expect(next.prose).toBe('');
  });
});

describe('parsePartialJson', () => {
  it('closes what the text does not close, and says that it is not complete (jsn-06)', () => {
    expect(parsePartialJson('{"incomplete": "value"')).toEqual({ value: { incomplete: 'value' }, complete: false, rest: '' });
    expect(parsePartialJson('{"whole": "value"} and {')).toEqual({ value: { whole: 'value' }, complete: true, rest: 'and {' });
  });

  it.each<[string, unknown]>([
    ['{"key": "value"', { key: 'value' }],
    ['[1, 2, 3', [1, 2, 3]],
    ['{"outer": {"inner": "value"}', { outer: { inner: 'value' } }],
    ['{"a": {"b": {"c": "value"', { a: { b: { c: 'value' } } }],
    ['[{"id": 1}, {"id": 2', [{ id: 1 }, { id: 2 }]],
    ['{"a": [{"b": 1', { a: [{ b: 1 }] }],
    ['{"s": "open strin', { s: 'open strin' }],
    ['{"s": "br{ace"', { s: 'br{ace' }],
    ['[1, 2,', [1, 2]],
    ['{"a": 1, "b', { a: 1 }],
    ['[true, tru', [true]],
    ['[1, nul', [1]],
    ['[1, null', [1, null]],
    ['[1, -', [1]],
    ['```json\n{"a": [', { a: [] }],
    ['{"a": 1, oops', { a: 1 }],
    ['[', []],
    ['no JSON', undefined],
    ['', undefined],
  ])('repairs %s (jsn-07)', (text, value) => {
    expect(parsePartialJson(text)).toEqual({ value, complete: false, rest: '' });
  });
});
