import { expect, test } from 'vitest';
import { isEventStream } from '../../src/transport/content-type.ts';

test.each([
  null,
  '',
  'text/event-stream',
  'text/event-stream; charset=utf-8',
  'TEXT/EVENT-STREAM;charset=UTF-8',
  ' text/event-stream ',
  'text/plain',
  'application/octet-stream',
])('may be a stream of messages: %s', (type) => {
  expect(isEventStream(type)).toBe(true);
});

test.each([
  'application/json',
  'application/json; charset=utf-8',
  'application/problem+json',
  'application/x-ndjson',
  'text/html; charset=utf-8',
  'TEXT/HTML',
  'application/xml',
  'image/png',
  'audio/mpeg',
  'video/mp4',
  'multipart/form-data; boundary=x',
])('cannot be one: %s', (type) => {
  expect(isEventStream(type)).toBe(false);
});

test('a parameter says nothing of the type', () => {
  expect(isEventStream('text/plain; profile=json')).toBe(true);
});
