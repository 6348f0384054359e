import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventLike, StreamEvent } from '../../src/core/event.ts';
import { parseEvent, serializeEvent } from '../../src/recovery/event-json.ts';
import { snapshotEventOf, snapshotOf } from '../../src/recovery/snapshot-of.ts';
import { failure, finish, reasoning, start, text, toolCall } from '../../src/testing/index.ts';
import { numRuns } from '../properties/runs.ts';

const restart = { type: 'restart', requestId: 'r', error: failure('network'), attempt: 2, provider: 'p', model: 'm' } as StreamEvent;
const seam = { type: 'seam', requestId: 'r', attempt: 2, provider: 'p', model: 'm' } as StreamEvent;
/** As a log keeps it. */
const snapshotEvent = (events: Iterable<EventLike>) => parseEvent(serializeEvent(snapshotEventOf(events)));

describe('a snapshot', () => {
  it('of nothing is an answer without anything', () => {
    expect(snapshotOf([])).toMatchObject({ text: '', reasoning: '', toolCalls: [], messages: [], finishReason: undefined });
  });

  it('holds what was said after the last restart', () => {
    expect(snapshotOf([text('void'), restart, text('Hel'), text('lo')]).text).toBe('Hello');
  });

  it('takes in another snapshot', () => {
    expect(snapshotOf([text('void'), snapshotEvent([text('Hel')]), text('lo')]).text).toBe('Hello');
  });

  it('passes over events that are not ours', () => {
    expect(snapshotOf([{ type: 'made-up', text: 'x' } as EventLike, text('Hello')]).text).toBe('Hello');
  });

  it('stands for any beginning of an answer: with the rest it is the same', () => {
    const event: fc.Arbitrary<EventLike> = fc.oneof(
      fc.string({ maxLength: 3 }).map((value) => text(value)),
      fc.string({ maxLength: 3 }).map((value) => reasoning(value)),
      fc.constant(toolCall('weather', { city: 'Zürich' })),
      fc.constant(seam),
      fc.constant(start()),
      fc.constant({ type: 'refusal-delta', id: '0', text: 'no' } as StreamEvent),
      fc.constant({ type: 'usage', usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3, estimated: false } } as StreamEvent),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), fc.nat(), (events, cut) => {
        const all = [...events, finish()];
        const at = cut % all.length;
        expect(snapshotOf([snapshotEvent(all.slice(0, at)), ...all.slice(at)])).toEqual(snapshotOf(all));
      }),
      { numRuns },
    );
  });
});
