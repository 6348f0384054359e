import { expect, test } from 'vitest';
import { splitAtHoles } from '../../src/providers/template-holes.ts';

const split = (data: string, paths: readonly string[] = [], member = 'text') => {
  const parsed = JSON.parse(data);
  return splitAtHoles(
    data,
    parsed[member],
    (each) => (each as Record<string, unknown>)[member],
    paths.map((path) => path.split('.')),
    parsed,
  );
};

test('a message is taken apart at its text and at the members told', () => {
  expect(split('{"n": 12,"text":"a","s":"b"}', ['s', 'n', 'absent'])).toEqual({
    pieces: ['{"n": ', ',"text":"', '","s":', '}'],
    kinds: ['value', 'text', 'value'],
  });
});

test('a member may be of any kind, and inside others', () => {
  expect(split('{"a":[{"n":null},{"n":[1, {"n":2}]}],"text":"a"}', ['a.1.n'])?.pieces).toEqual([
    '{"a":[{"n":null},{"n":',
    '}],"text":"',
    '"}',
  ]);
  expect(split('{"text":"a","n":1.0,"s":"\\u0062"}', ['n', 's'])?.pieces).toEqual(['{"text":"', '","n":', ',"s":', '}']);
});

test('of several places that look alike, the one that counts is found', () => {
  expect(split('{"x":"a","text":"a"}')?.pieces).toEqual(['{"x":"a","text":"', '"}']);
  expect(split('{"text":"a","x":"a"}')?.pieces).toEqual(['{"text":"', '","x":"a"}']);
  expect(split('{"text":"b","text":"a"}')?.pieces).toEqual(['{"text":"b","text":"', '"}']);
  expect(split('{"text":"a","o":{"n":1},"n":2}', ['n'])?.pieces).toEqual(['{"text":"', '","o":{"n":1},"n":', '}']);
  expect(split('{"n":2,"text":"a","o":{"n":1}}', ['n'])?.pieces).toEqual(['{"n":', ',"text":"', '","o":{"n":1}}']);
});

test.each([
  ['its text is in a place that is not found', '{"x":"a","y":"a","z":"a","text":"\\u0061"}', []],
  ['the key of a member is written in another way', '{"text":"a","\\u0073":1}', ['s']],
  ['a member is in a place that is not found', `{"text":"a","x":[${'{"s":1},'.repeat(8)}0],"s":1}`, ['s']],
  ['the text is inside the member', '{"text":"a","s":1}', ['text', 's']],
  ['the text is also the member', '{"text":"a"}', ['text']],
])('it is not, where %s', (_name, data, names) => {
  expect(split(data, names)).toBeUndefined();
});
