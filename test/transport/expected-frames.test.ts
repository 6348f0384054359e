import { expect, test } from 'vitest';
import { MessageTemplate } from '../../src/policies/message-template.ts';
import { ExpectedFrames } from '../../src/transport/expected-frames.ts';

const template = new MessageTemplate(['{"a":"', '"}'], ['text']);
const find = (event: string, text: string, start = 0) => {
  const found = new ExpectedFrames({ current: { event, template } }).messageAt(text, start);
  return found && { ...found };
};
const found = (event: string) => ({ type: 'message', event, data: '{"a":"x"}', id: '' });

test.each([
  ['', 'data: {"a":"x"}\n\n'],
  ['', 'data:{"a":"x"}\n\n'],
  ['e', 'event: e\ndata: {"a":"x"}\n\ndata: more'],
  ['e', 'event:e\ndata:{"a":"x"}\n\n'],
  [' e', 'event:  e\ndata: {"a":"x"}\n\n'],
])('a message under the event %j is found in %j', (event, text) => {
  expect(find(event, text)).toEqual(found(event));
  expect(find(event, `: \n\n${text}`, 4)).toEqual(found(event));
});

test.each([
  // A message under the event `e`: one space belongs to the field.
  [' e', 'event: e\ndata:{"a":"x"}\n\n'],
  ['', 'event: e\ndata: {"a":"x"}\n\n'],
  ['e', 'data: {"a":"x"}\n\n'],
  ['e', 'data: {"a":"x"}\nevent: e\n\n'],
  ['', 'id: 1\ndata: {"a":"x"}\n\n'],
  ['', 'data: {"a":"x"}\ndata: {"a":"x"}\n\n'],
  ['', 'data: {"a":"x"}\n'],
  ['', 'data: {"a":"x"'],
  ['', ''],
])('none is found under the event %j in %j', (event, text) => {
  expect(find(event, text)).toBeUndefined();
});

test('nothing is found where nothing is expected', () => {
  expect(new ExpectedFrames({ current: undefined }).messageAt('data: {"a":"x"}\n\n', 0)).toBeUndefined();
});
