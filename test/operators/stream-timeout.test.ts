import { concat, interval, map, NEVER, of, Subject, take, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { FlowGate, withFlowGate } from '../../src/core/flow-gate.ts';
import { createClient, type EventLike, type ProviderError, type StreamRequest, streamTimeout } from '../../src/index.ts';
import { fakeProvider, finish, text } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { unhandled, timers } = watchTimersAndErrors();
const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };
const timeoutOf = (told: { error: unknown }) => (told.error as ProviderError | undefined)?.timeout;

describe('streamTimeout', () => {
  it('is no step at all when nothing is asked for', () => {
    const source = of(1);
    expect(streamTimeout({})(source)).toBe(source);
    expect(streamTimeout({ headers: Number.POSITIVE_INFINITY, idle: undefined })(source)).toBe(source);
  });

  it.each([
    [{ headers: -1 }, 'headers'],
    [{ firstContent: Number.NaN }, 'firstContent'],
    [{ idle: '5s' }, 'idle'],
    [{ total: 2 ** 31 }, 'total'],
    [{ idel: 5 }, 'idel'],
    [{ isContent: true }, 'isContent'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => streamTimeout(config as never)).toThrow(TypeError);
    expect(() => streamTimeout(config as never)).toThrow(`streamTimeout: ${field}`);
  });

  it('arms no timer for a synchronous source, and one for any other', () => {
    const set = vi.spyOn(globalThis, 'setInterval');
    listen(of('a', 'b').pipe(streamTimeout({ headers: 100, firstContent: 200, idle: 300, total: 400 })));
    expect(set).not.toHaveBeenCalled();
    listen(NEVER.pipe(streamTimeout({ headers: 100, firstContent: 200, idle: 300, total: 400 })));
    expect(timers()).toBe(1);
  });

  it('arms no timer for each value', () => {
    const set = vi.spyOn(globalThis, 'setInterval');
    const subject = new Subject<string>();
    const told = listen(subject.pipe(streamTimeout({ firstContent: 10_000, idle: 10_000 })));
    for (let count = 0; count < 1_000; count++) subject.next('a');
    expect(set.mock.calls.length).toBeLessThanOrEqual(2);
    subject.complete();
    expect(told.ends).toBe(1);
    expect(timers()).toBe(0);
  });

  it('watches what follows a synchronous beginning', () => {
    const told = listen(concat(of('a'), NEVER).pipe(streamTimeout({ firstContent: 10_000, idle: 100 })));
    vi.advanceTimersByTime(99);
    expect(told.ends).toBe(0);
    vi.advanceTimersByTime(1);
    expect(timeoutOf(told)).toBe('idle');
    expect(timers()).toBe(0);
  });

  it('unsubscribes before it says so', () => {
    const source = new Tap(NEVER);
    let running = -1;
    listen(source.stream.pipe(streamTimeout({ total: 10 })), {
      error: () => {
        running = source.running;
      },
    });
    vi.advanceTimersByTime(10);
    expect(running).toBe(0);
  });

  it('does not count the time that a consumer takes for a value', () => {
    const subject = new Subject<string>();
    const told = listen(subject.pipe(streamTimeout({ idle: 100 })), { next: () => vi.setSystemTime(Date.now() + 500) });
    subject.next('a');
    vi.advanceTimersByTime(99);
    expect(told.ends).toBe(0);
    vi.advanceTimersByTime(1);
    expect(timeoutOf(told)).toBe('idle');
  });

  it('is not fooled by a wall clock that goes back', () => {
    vi.setSystemTime(1_000_000);
    const told = listen(NEVER.pipe(streamTimeout({ total: 1_000 })));
    vi.advanceTimersByTime(500);
    vi.setSystemTime(0);
    vi.advanceTimersByTime(1_500);
    expect(timeoutOf(told)).toBe('total');
  });

  it('finds out at once, when the machine has slept', () => {
    const told = listen(NEVER.pipe(streamTimeout({ idle: 1_000, total: 60_000 })));
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(60_000);
    expect(timeoutOf(told)).toBe('total');
  });

  it('waits for longer than a timer can hold', () => {
    const day = 86_400_000;
    const told = listen(NEVER.pipe(streamTimeout({ total: 2 ** 31 - 1 })));
    vi.advanceTimersByTime(24 * day);
    expect(told.ends).toBe(0);
  });

  it('raises what `isContent` throws, and unsubscribes', () => {
    const source = firehose((index) => index);
    const thrown = new Error('of the callback');
    const isContent = () => {
      throw thrown;
    };
    const told = listen(source.stream.pipe(streamTimeout({ idle: 100, isContent })));
    expect(told.error).toBe(thrown);
    expect(source.running).toBe(0);
    expect(timers()).toBe(0);
    expect(unhandled).toEqual([]);
  });

  it('takes the gate that is current while it is subscribed to', () => {
    const gate = new FlowGate();
    let told: ReturnType<typeof listen> | undefined;
    withFlowGate(gate, () => {
      told = listen(concat(of('a'), NEVER).pipe(streamTimeout({ idle: 100 })));
    });
    gate.close();
    vi.advanceTimersByTime(10_000);
    expect(told?.ends).toBe(0);
    gate.reopen();
    vi.advanceTimersByTime(99);
    expect(told?.ends).toBe(0);
    vi.advanceTimersByTime(1);
    expect(timeoutOf(told as ReturnType<typeof listen>)).toBe('idle');
  });

  it('leaves no listener on the gate', () => {
    const gate = new FlowGate();
    let listeners = 0;
    const { onReopen } = gate;
    gate.onReopen = (listener) => {
      listeners++;
      const off = onReopen.call(gate, listener);
      return () => {
        listeners--;
        off();
      };
    };
    const told = listen(NEVER.pipe(streamTimeout({ idle: 100, flow: gate })));
    expect(listeners).toBe(1);
    told.subscription.unsubscribe();
    expect(listeners).toBe(0);
  });

  it('lets a value win that comes in the very moment of its deadline, whichever timer was set first', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ expectObservable }) => {
      const values = { a: 0, b: 1, c: 2, d: 3 };
      expectObservable(interval(10).pipe(streamTimeout({ idle: 10 }), take(4))).toBe('10ms a 9ms b 9ms c 9ms (d|)', values);
    });
  });
});

describe('a timeout after the end of the answer', () => {
  // The provider's own sign of the end was delivered: nothing that happens afterwards is an error (P2).
  const lingering = () => concat(timer(980).pipe(map(() => text('Hello'))), of(finish()), NEVER);

  it('is none, when `total` passes while the connection is given its last moment', () => {
    const told = listen(createClient({ provider: fakeProvider(lingering()), timeout: { total: 1_000 } }).stream(request));
    vi.advanceTimersByTime(2_000);
    expect(told.values.at(-1)).toMatchObject({ type: 'finish' } satisfies EventLike);
    expect(categoryOf(told)).toBeUndefined();
    expect(told.ends).toBe(1);
  });

  it('is none, when `idle` is shorter than that moment', () => {
    const told = listen(createClient({ provider: fakeProvider(lingering()), timeout: { idle: 20 } }).stream(request));
    vi.advanceTimersByTime(2_000);
    expect(told.values.at(-1)).toMatchObject({ type: 'finish' } satisfies EventLike);
    expect(categoryOf(told)).toBeUndefined();
  });

  it('is none, when the caller aborts in that moment', () => {
    const stop = new AbortController();
    const told = listen(createClient({ provider: fakeProvider(lingering()) }).stream(request, { signal: stop.signal }));
    vi.advanceTimersByTime(1_000);
    expect(told.values.at(-1)).toMatchObject({ type: 'finish' } satisfies EventLike);
    stop.abort();
    vi.advanceTimersByTime(1_000);
    expect(categoryOf(told)).toBeUndefined();
    expect(told.ends).toBe(1);
  });
});
