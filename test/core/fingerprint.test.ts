import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../src/core/fingerprint.ts';
import type { StreamRequest } from '../../src/index.ts';

const asking = (input: unknown): StreamRequest => ({
  model: 'm',
  messages: [{ role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'look', input }] }],
});
const showing = (data: Uint8Array | string): StreamRequest => ({
  model: 'm',
  messages: [{ role: 'user', content: [{ type: 'image', data, mediaType: 'image/png' }] }],
});
const nested = (depth: number, innermost: unknown): unknown => {
  let value = innermost;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
};

describe('fingerprintOf', () => {
  it('is the same whatever the order of the members, and where a member is not set', () => {
    const one = fingerprintOf(asking({ a: 1, b: { c: [1, 2], d: undefined } }));
    expect(one).toMatch(/^[0-9a-f]{40}$/);
    expect(fingerprintOf(asking({ b: { c: [1, 2] }, a: 1 }))).toBe(one);
  });

  it('is that of the request that comes back from JSON', () => {
    const request = asking({ when: new Date(0), list: [undefined, Number.NaN, () => 1], 'a"b': 'ü😀\ud83d', none: null });
    expect(fingerprintOf(JSON.parse(JSON.stringify(request)))).toBe(fingerprintOf(request));
  });

  it.each<[string, StreamRequest, StreamRequest]>([
    ['an order in an array', asking([1, 2]), asking([2, 1])],
    ['the bounds of a value', asking(['a', 'b']), asking(['a,b'])],
    ['text and a number', asking('1'), asking(1)],
    ['one half of a pair and another', asking('\ud83d'), asking('\ud83e')],
    ['an array and an object', asking([]), asking({})],
    ['bytes', showing(Uint8Array.of(1, 2)), showing(Uint8Array.of(2, 1))],
    ['the length of bytes', showing(new Uint8Array(2)), showing(new Uint8Array(3))],
  ])('tells %s apart', (_what, one, other) => {
    expect(fingerprintOf(one)).not.toBe(fingerprintOf(other));
  });

  it('takes bytes by their content', () => {
    const image = new Uint8Array(2_000_000).fill(200);
    expect(fingerprintOf(showing(image.slice()))).toBe(fingerprintOf(showing(image)));
    expect(fingerprintOf(showing(new Uint8Array(image.buffer, 1)))).not.toBe(fingerprintOf(showing(image)));
  });

  it('goes as deep as the request does, and tells apart what is there', () => {
    const one = fingerprintOf(asking(nested(100_000, 'a')));
    expect(fingerprintOf(asking(nested(100_000, 'a')))).toBe(one);
    expect(fingerprintOf(asking(nested(100_000, 'b')))).not.toBe(one);
  });

  it('ends where a request holds itself', () => {
    const input: Record<string, unknown> = { twice: [shared, shared] };
    input.self = input;
    expect(fingerprintOf(asking(input))).toMatch(/^[0-9a-f]{40}$/);
  });
});

const shared = { a: 1 };
