import { concat, defer, EMPTY, ignoreElements, NEVER, Observable, of, Subject, take, throwError, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createClient, createRetryBudget, type EventLike, hedge, type ProviderEvent, type StreamRequest } from '../../src/index.ts';
import { failure, fakeProvider, finish, start, text } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();
const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };
const silent = () => new Tap<EventLike>(NEVER);

/** The n-th subscription gets the n-th source. */
function inTurn<T>(...sources: readonly Observable<T>[]): Observable<T> {
  let index = 0;
  return defer(() => sources[index++] ?? EMPTY);
}

const wait = (ms: number): Observable<never> => timer(ms).pipe(ignoreElements());

describe('hedge', () => {
  it.each([
    [{}, 'after'],
    [{ after: -1 }, 'after'],
    [{ after: '5s' }, 'after'],
    [{ after: 5, maxAttempts: 1 }, 'maxAttempts'],
    [{ after: 5, maxAttempts: 6 }, 'maxAttempts'],
    [{ after: 5, mayStart: true }, 'mayStart'],
    [{ after: 5, isContent: 'x' }, 'isContent'],
    [{ after: 5, delay: 5 }, 'delay'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => hedge(config as never)).toThrow(TypeError);
    expect(() => hedge(config as never)).toThrow(`hedge: ${field}`);
  });

  it('costs nothing when the source is synchronous', () => {
    const source = new Tap(of<EventLike[]>(start(), text('Hello'), finish()));
    listen(source.stream.pipe(hedge({ after: 0 })));
    vi.advanceTimersByTime(10_000);
    expect(source.subscribed).toBe(1);
    expect(timers()).toBe(0);
  });

  it('never runs more than `maxAttempts`, and leaves no timer behind them', () => {
    const source = silent();
    const told = listen(source.stream.pipe(hedge({ after: 100, maxAttempts: 4 })));
    vi.advanceTimersByTime(60_000);
    expect(source.subscribed).toBe(4);
    expect(timers()).toBe(0);
    told.subscription.unsubscribe();
    expect(source.running).toBe(0);
  });

  it('with an `after` of Infinity nobody is hedged', () => {
    const source = silent();
    const told = listen(source.stream.pipe(hedge({ after: Number.POSITIVE_INFINITY })));
    vi.advanceTimersByTime(60_000);
    expect(source.subscribed).toBe(1);
    told.subscription.unsubscribe();
    expect(timers()).toBe(0);
  });

  it('unsubscribes the others before the winner is heard', () => {
    const order: string[] = [];
    const loser = new Observable<EventLike>(() => () => order.push('loser ended'));
    const source = inTurn<EventLike>(loser, of(text('Hello')));
    listen(source.pipe(hedge({ after: 100 })), { next: () => order.push('heard') });
    vi.advanceTimersByTime(100);
    expect(order).toEqual(['loser ended', 'heard']);
  });

  it('lets the first win while the second is being subscribed to', () => {
    const first = new Subject<EventLike>();
    const second = new Tap(
      new Observable<EventLike>((subscriber) => {
        first.next(text('first'));
        subscriber.next(text('second'));
      }),
    );
    const told = listen(inTurn<EventLike>(first, second.stream).pipe(hedge({ after: 100, maxAttempts: 3 })));
    vi.advanceTimersByTime(1_000);
    expect(told.values).toEqual([text('first')]);
    expect(second.running).toBe(0);
    expect(timers()).toBe(0);
  });

  it('keeps the order when a consumer causes the next value within the flush', () => {
    const source = new Subject<EventLike>();
    const events = [start(), { type: 'usage' }, text('Hel'), text('lo')];
    const told = listen(source.pipe(hedge({ after: 100 })), {
      next: (event) => {
        if (event.type === 'start') source.next(events[3] as EventLike);
      },
    });
    for (const event of events.slice(0, 3)) source.next(event);
    expect(told.values).toEqual(events);
  });

  it('lets whoever leaves within the flush have no more of it', () => {
    const source = new Subject<EventLike>();
    const told = listen(source.pipe(hedge({ after: 100 }), take(1)));
    for (const event of [start(), { type: 'usage' }, text('Hello')]) source.next(event);
    expect(told.values).toEqual([start()]);
    expect(source.observed).toBe(false);
    expect(timers()).toBe(0);
  });

  it('lets an answer without content win when it is whole', () => {
    const told = listen(of<EventLike[]>(start(), finish()).pipe(hedge({ after: 100 })));
    expect(told.values).toHaveLength(2);
    expect(told.ends).toBe(1);
  });

  it('asks before each further attempt, and no more after a no', () => {
    const source = silent();
    const mayStart = vi.fn(() => false);
    const told = listen(source.stream.pipe(hedge({ after: 100, maxAttempts: 5, mayStart })));
    vi.advanceTimersByTime(10_000);
    expect(mayStart).toHaveBeenCalledTimes(1);
    expect(source.subscribed).toBe(1);
    told.subscription.unsubscribe();
  });

  it('raises what `mayStart` throws, and ends the attempt', () => {
    const thrown = new Error('of the callback');
    const source = silent();
    const mayStart = () => {
      throw thrown;
    };
    const told = listen(source.stream.pipe(hedge({ after: 100, mayStart })));
    expect(() => vi.advanceTimersByTime(100)).not.toThrow();
    expect(told.error).toBe(thrown);
    expect(source.running).toBe(0);
    expect(unhandled).toEqual([]);
  });

  it('raises what `isContent` throws', () => {
    const thrown = new Error('of the callback');
    const isContent = () => {
      throw thrown;
    };
    const told = listen(of(1).pipe(hedge({ after: 100, isContent })));
    expect(told.error).toBe(thrown);
    expect(timers()).toBe(0);
  });

  it('does not grow with a preamble that never ends', () => {
    const source = firehose(() => ({ type: 'raw' }), 5_000);
    const told = listen(source.stream.pipe(hedge({ after: 100 })));
    // As `holdUntilContent`: what has held 64 has waited long enough.
    expect(told.values.length).toBeGreaterThan(0);
    told.subscription.unsubscribe();
  });

  it('keeps two subscriptions apart', () => {
    const source = silent();
    const piped = source.stream.pipe(hedge({ after: 100 }));
    const [first, second] = [listen(piped), listen(piped)];
    first.subscription.unsubscribe();
    vi.advanceTimersByTime(100);
    expect(source.subscribed).toBe(3);
    second.subscription.unsubscribe();
    expect(source.running).toBe(0);
  });
});

describe('the hedge of a client', () => {
  const late = (after: number, ...events: readonly ProviderEvent[]) => concat(wait(after), of(...events));
  const quick = { initialDelay: 1, jitter: 'none' } as const;

  it('costs a token of the budget, and a request', () => {
    const budget = createRetryBudget({ refillEvery: Number.POSITIVE_INFINITY });
    const provider = fakeProvider(late(5_000, text('slow'), finish()), late(10, text('fast'), finish()));
    const told = listen(createClient({ provider, budget, hedge: { after: 100 } }).stream(request));
    vi.advanceTimersByTime(1_000);
    expect(told.values.map((event) => (event.type === 'text-delta' ? event.text : event.type))).toEqual(['start', 'fast', 'finish']);
    expect(provider.requests).toHaveLength(2);
    expect(budget.remaining({ provider: 'fake' }).provider).toBeCloseTo(9.1);
  });

  it('hedges no request with tools, unless it is allowed to', () => {
    const tools = [{ name: 'pay', inputSchema: { type: 'object' } }];
    for (const [allowTools, requests] of [
      [undefined, 1],
      [false, 1],
      [true, 2],
    ] as const) {
      const provider = fakeProvider(late(5_000, text('slow'), finish()), late(10, text('fast'), finish()));
      const told = listen(createClient({ provider, hedge: { after: 100, allowTools } }).stream({ ...request, tools }));
      vi.advanceTimersByTime(10_000);
      expect(told.ends).toBe(1);
      expect(provider.requests).toHaveLength(requests);
    }
  });

  it('stays within `maxRequests`', () => {
    const provider = fakeProvider(late(5_000, text('slow'), finish()));
    const told = listen(createClient({ provider, hedge: { after: 100 }, maxRequests: 1 }).stream(request));
    vi.advanceTimersByTime(10_000);
    expect(told.error).toBeUndefined();
    expect(provider.requests).toHaveLength(1);
  });

  it('a failure of all is retried, and the ledger has every attempt once', () => {
    const failing = () =>
      concat(
        wait(200),
        throwError(() => failure('network')),
      );
    const provider = fakeProvider(failing(), failing(), failing(), failing());
    const client = createClient({ provider, hedge: { after: 100 }, retry: { ...quick, maxAttempts: 2 } });
    const told = listen(client.stream(request));
    vi.advanceTimersByTime(60_000);
    expect(provider.requests).toHaveLength(4);
    expect(told.error).toMatchObject({ category: 'network', gaveUp: 'attempts' });
    const { attempts } = told.error as unknown as { attempts: { attempt: number }[] };
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
  });

  it('an error that leaves says nothing of an attempt that did not fail', () => {
    const provider = fakeProvider(
      NEVER,
      concat(
        wait(10),
        of(text('Hel')),
        throwError(() => failure('network')),
      ),
    );
    const told = listen(createClient({ provider, hedge: { after: 100 } }).stream(request));
    vi.advanceTimersByTime(10_000);
    expect(categoryOf(told)).toBe('network');
    const { attempts } = told.error as unknown as { attempts: { attempt: number; category: string }[] };
    expect(attempts.filter(({ attempt }) => attempt === 2)).toHaveLength(1);
  });
});
