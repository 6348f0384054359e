import { defer, EMPTY, Observable, of, retry, Subject, type Subscriber, takeUntil, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { backoff, backoffDelay, classifyErrors, createClient, type ProviderError, type StreamRequest } from '../../src/index.ts';
import { failure, fakeProvider, finish, text } from '../../src/testing/index.ts';
import { listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { unhandled, timers } = watchTimersAndErrors();
const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };

describe('backoff', () => {
  it.each([
    [{ maxAttempts: 0 }, 'maxAttempts'],
    [{ maxAttempts: 2.5 }, 'maxAttempts'],
    [{ initialDelay: -1 }, 'initialDelay'],
    [{ factor: 0.5 }, 'factor'],
    [{ jitter: 'some' }, 'jitter'],
    [{ random: 0.5 }, 'random'],
    [{ afterContent: 1 }, 'afterContent'],
    [{ retries: 3 }, 'retries'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => backoff(config as never)).toThrow(TypeError);
    expect(() => backoff(config as never)).toThrow(`backoff: ${field}`);
  });

  it('never says how often: `count` would raise the last error without its reason', () => {
    expect(backoff()).not.toHaveProperty('count');
    expect(backoff()).not.toHaveProperty('resetOnSuccess');
  });

  it('raises the error itself, told why', () => {
    const error = failure('overloaded');
    const told = listen(throwError(() => error).pipe(retry(backoff({ maxAttempts: 1 }))));
    expect(told.error).toBe(error);
    expect(error).toMatchObject({ category: 'overloaded', retryable: true, gaveUp: 'attempts' });
  });

  it('does not recurse over failures that are synchronous', () => {
    const source = new Tap(throwError(() => failure('network')));
    const told = listen(
      source.stream.pipe(retry(backoff({ maxAttempts: 20_000, initialDelay: 0, jitter: 'none', maxTotalDelay: Number.POSITIVE_INFINITY }))),
    );
    expect(source.subscribed).toBe(1);
    vi.advanceTimersByTime(10);
    expect(source.subscribed).toBeGreaterThan(1);
    told.subscription.unsubscribe();
    expect(timers()).toBe(0);
    expect(source.running).toBe(0);
  });

  it('ends a wait when it is left', () => {
    const told = listen(throwError(() => failure('network')).pipe(retry(backoff())));
    expect(timers()).toBe(1);
    told.subscription.unsubscribe();
    expect(timers()).toBe(0);
  });

  it('keeps two subscriptions apart, also in what they have waited', () => {
    const policy = backoff({ maxAttempts: 3, initialDelay: 100, jitter: 'none', maxTotalDelay: 350 });
    const piped = throwError(() => failure('network')).pipe(retry(policy));
    const first = listen(piped);
    vi.advanceTimersByTime(300);
    const second = listen(piped);
    vi.advanceTimersByTime(299);
    expect(second.ends).toBe(0);
    vi.advanceTimersByTime(1);
    expect([first.error, second.error]).toMatchObject([{ gaveUp: 'attempts' }, { gaveUp: 'attempts' }]);
  });

  it('raises what `random` throws', () => {
    const thrown = new Error('of the callback');
    const random = () => {
      throw thrown;
    };
    const told = listen(throwError(() => failure('network')).pipe(retry(backoff({ random }))));
    expect(told.error).toBe(thrown);
    expect(unhandled).toEqual([]);
  });

  it.each([Number.NaN, -1, 2])('does not wait wrongly for a `random` that says %d', (number) => {
    const source = new Tap(throwError(() => failure('network')));
    listen(source.stream.pipe(retry(backoff({ maxAttempts: 3, initialDelay: 1_000, random: () => number }))));
    vi.advanceTimersByTime(40);
    expect(source.subscribed).toBe(1);
    vi.advanceTimersByTime(60_000);
    expect(source.subscribed).toBe(3);
  });

  it('does not fire at once for a wait that no timer can hold', () => {
    const error = () => failure('rate-limit', { retryAfterMs: 2 ** 31 + 5_000 });
    const source = new Tap(throwError(error));
    const unlimited = { maxRetryAfter: Number.POSITIVE_INFINITY, maxTotalDelay: Number.POSITIVE_INFINITY };
    listen(source.stream.pipe(retry(backoff({ ...unlimited, random: () => 0 }))));
    vi.advanceTimersByTime(60_000);
    expect(source.subscribed).toBe(1);
  });

  it('limits the total of its waits without a client too', () => {
    const source = new Tap(throwError(() => failure('network')));
    const told = listen(source.stream.pipe(retry(backoff({ maxAttempts: 10, initialDelay: 1_000, jitter: 'none', maxTotalDelay: 6_500 }))));
    vi.advanceTimersByTime(600_000);
    expect(told.error).toMatchObject({ gaveUp: 'deadline' });
    expect(source.subscribed).toBe(3);
  });

  it('never completes silently', () => {
    const told = listen(throwError(() => failure('authentication')).pipe(retry(backoff())));
    expect(told.error).toBeDefined();
  });

  it('stops a source that fails within its own subscription', () => {
    let outer: Subscriber<number> | undefined;
    const source = new Observable<number>((subscriber) => {
      outer = subscriber;
      subscriber.error(failure('network'));
    });
    listen(source.pipe(retry(backoff({ maxAttempts: 1 }))));
    expect(outer?.closed).toBe(true);
  });

  it('prints its waits', () => {
    expect([1, 2, 3, 10].map((attempt) => backoffDelay({ jitter: 'none' }, attempt))).toEqual([1_000, 2_000, 4_000, 20_000]);
    expect(backoffDelay({ jitter: 'full' }, 1, () => 0)).toBe(50);
  });

  it('lets what completes complete, empty or not', () => {
    expect(listen(EMPTY.pipe(retry(backoff()))).ends).toBe(1);
    expect(listen(of(1).pipe(retry(backoff()))).values).toEqual([1]);
  });
});

describe('the retries of a client', () => {
  it('keep the ledger, one line an attempt', () => {
    const provider = fakeProvider(failure('overloaded'), failure('network'), failure('timeout'));
    const told = listen(createClient({ provider, retry: { jitter: 'none' } }).stream(request));
    vi.advanceTimersByTime(10_000);
    expect((told.error as ProviderError).attempts).toEqual([
      { attempt: 1, provider: 'fake', model: 'fake', category: 'overloaded', delayMs: 1_000 },
      { attempt: 2, provider: 'fake', model: 'fake', category: 'network', delayMs: 2_000 },
      { attempt: 3, provider: 'fake', model: 'fake', category: 'timeout', delayMs: 0 },
    ]);
    provider.verify();
  });

  it('end when the consumer leaves at the announcement', () => {
    const provider = fakeProvider(failure('overloaded'), [text('Hello'), finish()]);
    const stop = new Subject<void>();
    const told = listen(createClient({ provider }).stream(request).pipe(takeUntil(stop)), {
      next: ({ type }) => {
        if (type === 'retry') stop.next();
      },
    });
    expect(told.values.map(({ type }) => type)).toEqual(['retry']);
    vi.advanceTimersByTime(60_000);
    expect(provider.requests).toHaveLength(1);
    expect(timers()).toBe(0);
  });

  it('never make more requests than `maxRequests`', () => {
    const attempts = Array.from({ length: 20 }, () => failure('network'));
    const provider = fakeProvider(...attempts);
    const told = listen(createClient({ provider, retry: { maxAttempts: 20 }, maxRequests: 4 }).stream(request));
    vi.advanceTimersByTime(600_000);
    expect(provider.requests).toHaveLength(4);
    expect(told.error).toMatchObject({ gaveUp: 'attempts' });
  });

  it('ask each attempt anew', () => {
    let asked = 0;
    const told = listen(
      defer(() => {
        asked++;
        return asked === 1 ? throwError(() => failure('network')) : of('Hello');
      }).pipe(classifyErrors(), retry(backoff())),
    );
    vi.advanceTimersByTime(60_000);
    expect(told.values).toEqual(['Hello']);
  });
});
