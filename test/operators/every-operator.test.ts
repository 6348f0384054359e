import { EMPTY, type MonoTypeOperatorFunction, NEVER, type Observable, type OperatorFunction, of, Subject, take, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  accumulate,
  boundedConcatMap,
  bulkhead,
  bySentence,
  byWord,
  cancelOn,
  checkpoint,
  circuitBreaker,
  classifyErrors,
  cooldown,
  createBulkhead,
  createCircuitBreaker,
  createCooldowns,
  createRateLimiter,
  createRetryBudget,
  type EventLike,
  fallbackTo,
  fundRetries,
  hedge,
  holdBack,
  holdUntilContent,
  isProviderError,
  rateLimit,
  repetitionGuard,
  result,
  type StreamEvent,
  splitThinkTags,
  streamStatistics,
  streamTimeout,
  textDeltas,
  throwIfUnfinished,
  viewState,
} from '../../src/index.ts';
import { failure, finish, start, text } from '../../src/testing/index.ts';
import { firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

type Step = OperatorFunction<EventLike, unknown>;

const signal = (): AbortSignal => new AbortController().signal;

/** What passes its events through, and what makes something else of them. */
const passing: Readonly<Record<string, () => MonoTypeOperatorFunction<EventLike>>> = {
  boundedConcatMap: () => boundedConcatMap((value) => of(value)),
  bulkhead: () => bulkhead(createBulkhead({ maxConcurrent: 2 })),
  cancelOn: () => cancelOn(signal()),
  checkpoint: () => checkpoint(),
  circuitBreaker: () => circuitBreaker(createCircuitBreaker()),
  classifyErrors: () => classifyErrors(),
  cooldown: () => cooldown(createCooldowns().get('p', 'm')),
  fallbackTo: () => fallbackTo(() => NEVER, { on: ['quota-exhausted'] }),
  fundRetries: () => fundRetries(createRetryBudget(), { provider: 'p' }),
  hedge: () => hedge({ after: 1_000 }),
  holdUntilContent: () => holdUntilContent(),
  rateLimit: () => rateLimit(createRateLimiter({ requestsPerMinute: 100 })),
  repetitionGuard: () => repetitionGuard(),
  splitThinkTags: () => splitThinkTags(),
  'streamTimeout, of values': () => streamTimeout({ headers: 1_000, firstContent: 2_000, idle: 1_000 }),
  'streamTimeout, total': () => streamTimeout({ total: 1_000 }),
  throwIfUnfinished: () => throwIfUnfinished(() => true),
};
const projecting: Readonly<Record<string, () => Step>> = {
  accumulate: () => accumulate(),
  textDeltas: () => textDeltas(),
  'viewState, of each change': () => viewState({ every: 0 }),
};
const growing = { ...passing, ...projecting };
/** What shapes text; `smooth` is not among them, for it paces the end too. */
const shaping: Readonly<Record<string, () => OperatorFunction<string, unknown>>> = {
  bySentence: () => bySentence(),
  byWord: () => byWord(),
  holdBack: () => holdBack(() => true),
};
const all: Readonly<Record<string, () => Step>> = {
  ...growing,
  ...Object.fromEntries(
    Object.entries(shaping).map(([name, make]) => [name, () => (source: Observable<EventLike>) => source.pipe(textDeltas(), make())]),
  ),
  result: () => result(),
  streamStatistics: () => streamStatistics(),
  viewState: () => viewState(),
};

const { unhandled, timers } = watchTimersAndErrors();
const hello = [start(), text('Hel'), text('lo'), finish()];

describe.each(Object.entries(all))('%s', (_name, make) => {
  it('does nothing before it is subscribed to', () => {
    const source = new Tap(of(...hello));
    source.stream.pipe(make());
    expect(source.subscribed).toBe(0);
    expect(timers()).toBe(0);
  });

  it('leaves no timer behind a synchronous source', () => {
    listen(of<EventLike[]>(...hello).pipe(make()));
    expect(timers()).toBe(0);
  });

  it('leaves no timer, and no source, behind whoever unsubscribes', () => {
    const source = new Tap<EventLike>(NEVER);
    const told = listen(source.stream.pipe(make()));
    told.subscription.unsubscribe();
    expect(source.running).toBe(0);
    expect(timers()).toBe(0);
  });

  it.each([0, 1, 2, 3, 4])('ends everything, and says nothing more, when it is left after %i events', (count) => {
    const subject = new Subject<EventLike>();
    const source = new Tap(subject);
    const told = listen(source.stream.pipe(make()));
    for (const event of hello.slice(0, count)) subject.next(event);
    const { length } = told.values;
    told.subscription.unsubscribe();
    for (const event of hello.slice(count)) subject.next(event);
    subject.error(failure('network'));
    expect(source.running).toBe(0);
    expect(timers()).toBe(0);
    expect(told.values).toHaveLength(length);
    expect(told.ends).toBe(0);
    expect(unhandled).toEqual([]);
  });

  it('keeps the state of two subscriptions apart', () => {
    const subject = new Subject<EventLike>();
    const piped = subject.pipe(make());
    const whole = listen(piped);
    subject.next(hello[0] as EventLike);
    subject.next(hello[1] as EventLike);
    const late = listen(piped);
    subject.next(hello[2] as EventLike);
    whole.subscription.unsubscribe();
    subject.next(hello[3] as EventLike);
    subject.complete();
    expect(whole.ends).toBe(0);
    expect(late.ends).toBe(1);
    // What the late one was told is what somebody alone is told of the same events.
    expect(late.values).toEqual(listen(of<EventLike[]>(...hello.slice(2)).pipe(make())).values);
  });

  it('gives the same to whoever subscribes again', () => {
    const piped = of<EventLike[]>(...hello).pipe(make());
    expect(listen(piped).values).toEqual(listen(piped).values);
  });

  it('ends once, with a source that ends once', () => {
    for (const source of [of<EventLike[]>(...hello), EMPTY, throwError(() => failure('network'))]) {
      const told = listen(source.pipe(make()));
      expect(told.ends).toBe(1);
      expect(told.subscription.closed).toBe(true);
      expect(timers()).toBe(0);
    }
  });

  it('survives an observer that throws: contained, and reported once', () => {
    const source = new Tap(of<EventLike[]>(...hello));
    source.stream.pipe(make()).subscribe(() => {
      throw new Error('of the observer');
    });
    vi.runAllTimers();
    expect(unhandled.length).toBeGreaterThan(0);
    expect(source.running).toBe(0);
  });
});

describe.each(Object.entries(growing))('%s', (_name, make) => {
  it('unsubscribes from a firehose at once when enough was taken', () => {
    const source = firehose((index) => text(`${index}`));
    const told = listen(source.stream.pipe(make(), take(3)));
    expect(told.values).toHaveLength(3);
    expect(source.emitted).toBeLessThanOrEqual(3);
    expect(source.running).toBe(0);
    expect(timers()).toBe(0);
  });

  it('unsubscribes from a firehose when its consumer unsubscribes within a value', () => {
    const source = firehose((index) => text(`${index}`));
    const values: unknown[] = [];
    const stop = new Subject<void>();
    const told = listen(source.stream.pipe(make(), take(10)), { next: (value) => values.push(value) });
    stop.next();
    expect(values).toHaveLength(10);
    expect(told.ends).toBe(1);
    expect(source.running).toBe(0);
  });
});

describe.each(Object.entries(passing))('%s', (_name, make) => {
  it('passes the very same values, in their order', () => {
    const told = listen(of<EventLike[]>(...hello).pipe(make()));
    expect(told.values).toHaveLength(hello.length);
    told.values.forEach((value, index) => {
      expect(value).toBe(hello[index]);
    });
  });

  it('keeps the order when a consumer causes the next value while it takes one', () => {
    const subject = new Subject<EventLike>();
    const told = listen(subject.pipe(make()), {
      next: (value) => {
        if (value === hello[1]) subject.next(hello[2] as EventLike);
        if (value === hello[2]) subject.complete();
      },
    });
    subject.next(hello[0] as EventLike);
    subject.next(hello[1] as EventLike);
    expect(told.values).toEqual(hello.slice(0, 3));
    expect(told.ends).toBe(1);
    expect(timers()).toBe(0);
  });

  it('passes a failure on, itself where it was classified', () => {
    const error = failure('overloaded');
    const told = listen(throwError(() => error).pipe(make()));
    expect(told.error).toBe(error);
  });

  it('passes on what is no event of ours, whatever it is', () => {
    const values: unknown[] = [0, '', 'text', [], {}, Symbol.iterator, () => 1, { type: 7 }];
    const told = listen((of(...values) as Observable<EventLike>).pipe(make()));
    expect(isProviderError(told.error), String(told.error)).toBe(false);
    expect(told.error).toBeUndefined();
    expect(told.values).toEqual(values);
  });
});

describe.each(Object.entries(projecting))('%s', (_name, make) => {
  it('ignores events that are not ours', () => {
    const mine: EventLike = Object.assign({ type: 'mine' }, { text: 'not yours' });
    const told = listen(of<(StreamEvent | EventLike)[]>(mine, text('Hello'), mine).pipe(make()));
    expect(told.error).toBeUndefined();
    expect(JSON.stringify(told.values)).not.toContain('not yours');
  });
});
