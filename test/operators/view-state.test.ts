import { concat, NEVER, of, Subject, take, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createClient, type EventLike, isProviderError, type StreamRequest, type ViewState, viewState } from '../../src/index.ts';
import { failure, fakeProvider, finish, start, text } from '../../src/testing/index.ts';
import { firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();
const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };
const statuses = (told: { values: ViewState[] }) => told.values.map(({ status }) => status);

describe('viewState', () => {
  it('throws a TypeError that names the option', () => {
    expect(() => viewState({ every: -1 })).toThrow(/viewState: every/);
    expect(() => viewState({ evry: 1 } as never)).toThrow(TypeError);
  });

  it('has its first state before the source is subscribed to', () => {
    const order: string[] = [];
    const source = new Tap(NEVER);
    source.stream.pipe(viewState()).subscribe(({ status }) => order.push(`${status} ${source.subscribed}`));
    expect(order).toEqual(['connecting 0']);
    expect(source.subscribed).toBe(1);
  });

  it('makes no request for whoever wants the first state only', () => {
    const source = new Tap(NEVER);
    listen(source.stream.pipe(viewState(), take(1)));
    expect(source.running).toBe(0);
    expect(source.subscribed).toBe(0);
  });

  it.each([new Error('a bug'), 'a string', undefined, null, 42, Object.create(null)])('never fails, whatever is thrown: %s', (thrown) => {
    const told = listen(
      concat(
        of(text('Hel')),
        throwError(() => thrown),
      ).pipe(viewState()),
    );
    expect(told.error).toBeUndefined();
    expect(told.ends).toBe(1);
    expect(told.values.at(-1)).toMatchObject({ status: 'failed', text: 'Hel' });
    expect(isProviderError(told.values.at(-1)?.error)).toBe(true);
  });

  it('never fails for an event that is broken', () => {
    const broken = [{ type: 'snapshot' }, { type: 'text-delta' }, { type: 'retry' }, { type: 'finish' }] as EventLike[];
    for (const event of broken) {
      const told = listen(of(text('Hel'), event).pipe(viewState()));
      expect(told.error, event.type).toBeUndefined();
    }
    expect(unhandled).toEqual([]);
  });

  it('emits at most once a frame, with nothing lost', () => {
    const source = new Subject<EventLike>();
    const told = listen(source.pipe(viewState()));
    for (let count = 0; count < 100; count++) {
      source.next(text('a'));
      vi.advanceTimersByTime(1);
    }
    expect(told.values.length).toBeLessThanOrEqual(1 + Math.ceil(100 / 16));
    source.complete();
    expect(told.values.at(-1)).toMatchObject({ status: 'stopped', text: 'a'.repeat(100) });
    expect(timers()).toBe(0);
  });

  it('does nothing while nothing happens', () => {
    const told = listen(concat(of(text('a')), NEVER).pipe(viewState()));
    vi.advanceTimersByTime(16);
    expect(timers()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(told.values).toHaveLength(2);
  });

  it('emits nothing between the first and the last state, if told to wait for ever', () => {
    const source = new Subject<EventLike>();
    const told = listen(source.pipe(viewState({ every: Number.POSITIVE_INFINITY })));
    source.next(text('a'));
    vi.advanceTimersByTime(60_000);
    expect(statuses(told)).toEqual(['connecting']);
    source.next(finish());
    source.complete();
    expect(statuses(told)).toEqual(['connecting', 'done']);
  });

  it('does not emit one state twice', () => {
    const told = listen(of(start(), text('a'), finish()).pipe(viewState({ every: 0 })));
    const seen = told.values.map((state) => JSON.stringify(state));
    expect(seen.filter((state, index) => state === seen[index - 1])).toEqual([]);
  });

  it('says `done` at the end of the answer, not when the connection has ended too', () => {
    const provider = fakeProvider(concat(of(text('Hello'), finish()), NEVER));
    const told = listen(createClient({ provider }).stream(request).pipe(viewState()));
    expect(statuses(told).at(-1)).toBe('done');
  });

  it('emits the last state of a firehose', () => {
    const source = firehose((index) => text(`${index}`), 1_000);
    const told = listen(source.stream.pipe(viewState()));
    vi.advanceTimersByTime(16);
    expect(told.values).toHaveLength(2);
  });

  it('is left within a state without a timer left', () => {
    const source = new Subject<EventLike>();
    const told = listen(source.pipe(viewState({ every: 0 }), take(2)));
    source.next(text('a'));
    expect(source.observed).toBe(false);
    expect(told.values).toHaveLength(2);
    expect(timers()).toBe(0);
  });

  it('tells of the attempts of a client, from the first to the answer', () => {
    const provider = fakeProvider(failure('overloaded'), [text('Hello'), finish()]);
    const told = listen(
      createClient({ provider, retry: { jitter: 'none' } })
        .stream(request)
        .pipe(viewState({ every: 0 })),
    );
    vi.advanceTimersByTime(10_000);
    expect(told.values[1]).toMatchObject({ status: 'retrying', attempt: 2, error: { category: 'overloaded' } });
    expect(told.values.at(-1)).toMatchObject({ status: 'done', attempt: 2, text: 'Hello' });
    provider.verify();
  });
});
