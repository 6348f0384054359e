import { NEVER, of, Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { cancelOn, createClient, isProviderError, type StreamRequest } from '../../src/index.ts';
import { failure, fakeProvider, finish, text } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();
const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };

function countListeners(signal: AbortSignal): { count: number } {
  const listeners = { count: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners.count++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners.count--;
    removeEventListener.apply(signal, args);
  };
  return listeners;
}

describe('cancelOn', () => {
  it('is no step at all without a signal', () => {
    const source = of(1);
    expect(cancelOn(undefined)(source)).toBe(source);
  });

  it('does not subscribe for a signal that has aborted', () => {
    const source = new Tap(NEVER);
    const reason = new Error('too late');
    const told = listen(source.stream.pipe(cancelOn(AbortSignal.abort(reason))));
    expect(source.subscribed).toBe(0);
    expect(categoryOf(told)).toBe('cancelled');
    expect(told.error).toMatchObject({ phase: 'local', cause: reason });
  });

  it('listens once for all streams that share a signal, as that of a shutdown, and each is told', () => {
    const stop = new AbortController();
    const listeners = countListeners(stop.signal);
    const all = Array.from({ length: 40 }, () => listen(NEVER.pipe(cancelOn(stop.signal))));
    expect(listeners.count).toBe(1);
    for (const { subscription } of all.slice(0, 20)) subscription.unsubscribe();
    expect(listeners.count).toBe(1);
    stop.abort(new Error('shutdown'));
    expect(all.map(categoryOf)).toEqual([...Array(20).fill(undefined), ...Array(20).fill('cancelled')]);
    expect(listeners.count).toBe(0);
  });

  it('leaves no listener behind: at the end, at a failure, when it is left, when it aborts', () => {
    const stop = new AbortController();
    const listeners = countListeners(stop.signal);
    const [ends, fails, left, aborted] = [new Subject(), new Subject(), new Subject(), new Subject()];
    const tolds = [ends, fails, left, aborted].map((source) => listen(source.pipe(cancelOn(stop.signal))));
    expect(listeners.count).toBe(1);
    ends.complete();
    fails.error(failure('network'));
    tolds[2]?.subscription.unsubscribe();
    expect(listeners.count).toBe(1);
    stop.abort();
    expect(listeners.count).toBe(0);
    expect(aborted.observed).toBe(false);
  });

  it('leaves no listener behind a synchronous source', () => {
    const stop = new AbortController();
    const listeners = countListeners(stop.signal);
    listen(of(1).pipe(cancelOn(stop.signal)));
    expect(listeners.count).toBe(0);
  });

  it('ends a firehose that is aborted from within', () => {
    const stop = new AbortController();
    const source = firehose((index) => index);
    const told = listen(source.stream.pipe(cancelOn(stop.signal)), { next: (value) => value === 4 && stop.abort() });
    expect(told.values).toEqual([0, 1, 2, 3, 4]);
    expect(categoryOf(told)).toBe('cancelled');
    expect(source.running).toBe(0);
  });

  it('unsubscribes before it says so', () => {
    const stop = new AbortController();
    const source = new Tap(NEVER);
    let running = -1;
    listen(source.stream.pipe(cancelOn(stop.signal)), {
      error: () => {
        running = source.running;
      },
    });
    stop.abort();
    expect(running).toBe(0);
  });

  it('ends a wait of a client at once, and leaves no timer', () => {
    const stop = new AbortController();
    const provider = fakeProvider(failure('overloaded'), [text('Hello'), finish()]);
    const told = listen(createClient({ provider }).stream(request, { signal: stop.signal }));
    expect(timers()).toBeGreaterThan(0);
    stop.abort();
    expect(categoryOf(told)).toBe('cancelled');
    expect(timers()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(provider.requests).toHaveLength(1);
    expect(unhandled).toEqual([]);
  });

  it('makes no request of a client when it has aborted before', () => {
    const provider = fakeProvider();
    const told = listen(createClient({ provider }).stream(request, { signal: AbortSignal.abort() }));
    expect(provider.requests).toHaveLength(0);
    expect(isProviderError(told.error)).toBe(true);
    expect(told.error).toMatchObject({ category: 'cancelled', attempts: [] });
  });
});
