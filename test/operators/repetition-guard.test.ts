import { from, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createClient, type EventLike, repetitionGuard, type StreamRequest } from '../../src/index.ts';
import { fakeProvider, finish, reasoning, text } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();
const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };
/** In pieces, as a model says it. */
const pieces = (words: string, size = 7): EventLike[] =>
  Array.from({ length: Math.ceil(words.length / size) }, (_, index) => text(words.slice(index * size, (index + 1) * size)));
const isStuck = (words: string, config = {}): boolean =>
  categoryOf(listen(from(pieces(words)).pipe(repetitionGuard(config)))) === 'invalid-output';

/** Text that does not repeat itself, the same on every run. */
function prose(length: number): string {
  let state = 7;
  let words = '';
  while (words.length < length) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    words += `${state.toString(36)} `;
  }
  return words.slice(0, length);
}

describe('repetitionGuard', () => {
  it.each([
    [{ window: 10 }, 'window'],
    [{ window: 100_000 }, 'window'],
    [{ maxRepeats: 1 }, 'maxRepeats'],
    [{ maxRepeats: 2.5 }, 'maxRepeats'],
    [{ repeats: 5 }, 'repeats'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => repetitionGuard(config as never)).toThrow(TypeError);
    expect(() => repetitionGuard(config as never)).toThrow(`repetitionGuard: ${field}`);
  });

  it.each([1, 2, 3, 17, 80, 120])('finds a block of %i characters that comes over and over', (length) => {
    expect(isStuck(prose(500) + prose(length).repeat(Math.ceil(4_000 / length)))).toBe(true);
  });

  it('leaves prose alone, however long', () => {
    expect(isStuck(prose(50_000))).toBe(false);
  });

  it('leaves a rule, a table and a list alone', () => {
    const table = Array.from({ length: 60 }, (_, index) => `| ${index} | ${index * index} | yes |\n`).join('');
    const list = Array.from({ length: 60 }, (_, index) => `- item ${index}\n`).join('');
    expect(isStuck(`${prose(900)}${'-'.repeat(200)}\n${table}${'='.repeat(200)}\n${list}`)).toBe(false);
  });

  it('ends soon after it could know: within a window and an eighth', () => {
    const told = listen(from(pieces(prose(1_000) + 'stuck '.repeat(5_000), 5)).pipe(repetitionGuard({ window: 512 })));
    const said = told.values.reduce((length, event) => length + (event as unknown as { text: string }).text.length, 0);
    expect(said - 1_000).toBeLessThan(512 + 64 + 5);
  });

  it('raises an error that nobody tries again, after what was said', () => {
    const told = listen(from(pieces('ab'.repeat(4_000))).pipe(repetitionGuard()));
    expect(told.error).toMatchObject({ category: 'invalid-output', code: 'repetition', phase: 'streaming', retryable: false });
    expect(told.values.length).toBeGreaterThan(0);
    expect(unhandled).toEqual([]);
  });

  it('keeps text and reasoning apart', () => {
    const events = Array.from({ length: 400 }, (_, index) => [
      text(prose(20_000).slice(index * 40, index * 40 + 40)),
      reasoning('hm '),
    ]).flat();
    expect(categoryOf(listen(from(events).pipe(repetitionGuard({ window: 256 }))))).toBe('invalid-output');
  });

  it('keeps subscriptions apart', () => {
    const source = new Subject<EventLike>();
    const piped = source.pipe(repetitionGuard({ window: 64, maxRepeats: 4 }));
    const early = listen(piped);
    source.next(text('la '.repeat(10)));
    const late = listen(piped);
    source.next(text('la '.repeat(8)));
    expect([early.ends, late.ends]).toEqual([1, 0]);
  });

  it('lets go of whoever leaves at the value that would have ended it', () => {
    const source = new Subject<EventLike>();
    const told = listen(source.pipe(repetitionGuard({ window: 64, maxRepeats: 4 })), { next: () => told.subscription.unsubscribe() });
    source.next(text('la '.repeat(40)));
    expect(told.ends).toBe(0);
    expect(unhandled).toEqual([]);
  });

  it('is linear in the text, whatever it says', () => {
    for (const words of ['a'.repeat(400_000), 'ab'.repeat(200_000), prose(400_000)]) {
      const started = performance.now();
      listen(from(pieces(words, 4)).pipe(repetitionGuard({ window: 2_048, maxRepeats: 1_000 })));
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });

  it('aborts a source that would never end', () => {
    const source = firehose(() => text('again and '));
    listen(source.stream.pipe(repetitionGuard()));
    expect(source.running).toBe(0);
    expect(source.emitted).toBeLessThan(500);
  });

  it('is off in a client, unless it is asked for', () => {
    const stuck = () => [...pieces('stuck '.repeat(1_000)), finish()] as never[];
    const without = fakeProvider(stuck());
    expect(listen(createClient({ provider: without }).stream(request)).values.length).toBeGreaterThan(800);
    const guarded = fakeProvider(stuck(), stuck());
    const told = listen(createClient({ provider: guarded, repetitionGuard: {} }).stream(request));
    expect(told.error).toMatchObject({ category: 'invalid-output', code: 'repetition', provider: 'fake', model: 'fake' });
    expect(guarded.requests).toHaveLength(1);
    expect(timers()).toBe(0);
  });
});
