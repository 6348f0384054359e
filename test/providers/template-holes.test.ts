import { expect, test } from 'vitest';
import { splitAtHoles } from '../../src/providers/template-holes.ts';

const split = (data: string, names: readonly string[] = [], member = 'text') => {
  const parsed = JSON.parse(data);
  return splitAtHoles(data, parsed[member], (each) => (each as Record<string, unknown>)[member], names, parsed);
};

test('a message is taken apart at its text and at the members named', () => {
  expect(split('{"n": 12,"text":"a","s":"b"}', ['s', 'n', 'absent'])).toEqual({
    pieces: ['{"n": ', ',"text":"', '","s":"', '"}'],
    kinds: ['number', 'text', 'string'],
  });
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
  ['a number is written in another way', '{"text":"a","n":1.0}', ['n']],
  ['a string is written in another way', '{"text":"a","s":"\\u0062"}', ['s']],
  ['a member is neither text nor number', '{"text":"a","s":null}', ['s']],
  ['the text is also the member', '{"text":"a"}', ['text']],
])('it is not, where %s', (_name, data, names) => {
  expect(split(data, names)).toBeUndefined();
});
