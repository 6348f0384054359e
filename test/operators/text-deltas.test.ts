import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type EventLike, type StreamResult, textDeltas } from '../../src/index.ts';
import { failure, text } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen } from './helpers.ts';

const snapshot = (said: string): EventLike => {
  const usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true };
  const result: StreamResult = { text: said, reasoning: '', toolCalls: [], messages: [], usage, finishReason: undefined };
  return { type: 'snapshot', result } as EventLike;
};
const restart = (): EventLike => ({ type: 'restart', error: failure('interrupted') }) as EventLike;
const deltas = (...events: EventLike[]) => listen(of(...events).pipe(textDeltas()));

describe('textDeltas', () => {
  it('throws a TypeError that names the option', () => {
    expect(() => textDeltas({ onRestart: 'retry' as never })).toThrow(/textDeltas: onRestart/);
    expect(() => textDeltas({ from: 7 as never })).toThrow(/textDeltas: from must be a string/);
    expect(() => textDeltas({ onrestart: 'error' } as never)).toThrow(TypeError);
  });

  it.each<[string, EventLike[], string[]]>([
    ['a delta that carries metadata alone', [text('Hello'), Object.assign(text(''), { providerMetadata: { p: { n: 1 } } })], ['Hello']],
    ['a snapshot at the beginning', [snapshot('Hello'), text('!')], ['Hello', '!']],
    ['a snapshot that says nothing new', [text('Hello'), snapshot('Hello'), text('!')], ['Hello', '!']],
    ['an empty snapshot at the beginning', [snapshot(''), text('Hello')], ['Hello']],
    ['one snapshot after another', [snapshot('Hel'), snapshot('Hello')], ['Hel', 'lo']],
    ['a restart, then a snapshot', [restart(), snapshot('Hello')], ['Hello']],
  ])('emits what is missing after %s', (_case, events, expected) => {
    const told = deltas(...events);
    expect(told.error).toBeUndefined();
    expect(told.values).toEqual(expected);
  });

  it.each<[string, EventLike[]]>([
    ['is shorter', [text('Hello'), snapshot('Hell')]],
    ['is another', [text('Hello'), snapshot('Jello there')]],
    ['is empty', [text('Hello'), snapshot('')]],
  ])('raises `replay-gap` for a snapshot that %s', (_case, events) => {
    const told = deltas(...events);
    expect(categoryOf(told)).toBe('replay-gap');
    expect(told.values).toEqual(['Hello']);
  });

  it.each<[string, EventLike[], string[]]>([
    ['a snapshot that extends it', [snapshot('Hello'), text('!')], ['lo', '!']],
    ['a snapshot that is all of it', [snapshot('Hel'), text('lo')], ['lo']],
    ['deltas that follow it', [text('lo'), snapshot('Hello!')], ['lo', '!']],
  ])('goes on from the text that the reader has, by %s', (_case, events, expected) => {
    const told = listen(of(...events).pipe(textDeltas({ from: 'Hel' })));
    expect(told.error).toBeUndefined();
    expect(told.values).toEqual(expected);
  });

  it('raises what contradicts or voids the text that the reader has', () => {
    expect(categoryOf(listen(of(snapshot('Good day')).pipe(textDeltas({ from: 'Hel' }))))).toBe('replay-gap');
    expect(categoryOf(listen(of(restart(), text('Hello')).pipe(textDeltas({ from: 'Hel' }))))).toBe('interrupted');
    const anew = listen(of(restart(), text('Hello')).pipe(textDeltas({ from: 'Hel', onRestart: 'ignore' })));
    expect(anew.values).toEqual(['Hello']);
  });

  it('has each subscription begin with the text that the reader has', () => {
    const told$ = of(snapshot('Hello')).pipe(textDeltas({ from: 'Hel' }));
    expect([listen(told$).values, listen(told$).values]).toEqual([['lo'], ['lo']]);
  });

  it('raises the error of a restart, and unsubscribes', () => {
    const error = failure('interrupted');
    const source = firehose((index) => (index === 2 ? ({ type: 'restart', error } as EventLike) : text('a')));
    const told = listen(source.stream.pipe(textDeltas()));
    expect(told.error).toBe(error);
    expect(source.running).toBe(0);
  });

  it('goes on after a restart if told to, and takes a snapshot for the new text', () => {
    const told = listen(of(text('Hello'), restart(), text('Bye'), snapshot('Bye now')).pipe(textDeltas({ onRestart: 'ignore' })));
    expect(told.values).toEqual(['Hello', 'Bye', ' now']);
  });

  it('keeps only the end of a very long text, and still compares it', () => {
    const piece = 'x'.repeat(1_048_576);
    const told = listen(of(...Array.from({ length: 6 }, () => text(piece)), snapshot(`${piece.repeat(6)}!`)).pipe(textDeltas()));
    expect(told.error).toBeUndefined();
    expect(told.values.at(-1)).toBe('!');
  });
});
