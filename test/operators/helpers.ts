import { config, Observable, type Observer, type Subscription } from 'rxjs';
import { afterEach, beforeEach, vi } from 'vitest';
import type { CircuitBreaker, ProviderError } from '../../src/index.ts';

/** What one subscriber was told, in order. */
export interface Told<T> {
  readonly values: T[];
  error: unknown;
  ends: number;
  readonly subscription: Subscription;
}

/** Subscribes and writes down everything. */
export function listen<T>(source: Observable<T>, also: Partial<Observer<T>> = {}): Told<T> {
  const told = { values: [] as T[], error: undefined as unknown, ends: 0, subscription: undefined as unknown as Subscription };
  told.subscription = source.subscribe({
    next: (value) => {
      told.values.push(value);
      also.next?.(value);
    },
    error: (error) => {
      told.ends++;
      told.error = error;
      also.error?.(error);
    },
    complete: () => {
      told.ends++;
      also.complete?.();
    },
  });
  return told;
}

/** The category of what a subscriber was told last. */
export function categoryOf(told: Told<unknown>): string | undefined {
  return (told.error as ProviderError | undefined)?.category;
}

/** Counts what becomes of a source. */
export class Tap<T> {
  subscribed = 0;
  torn = 0;
  emitted = 0;
  readonly stream: Observable<T>;

  constructor(source: Observable<T>) {
    this.stream = new Observable((subscriber) => {
      this.subscribed++;
      subscriber.add(() => this.torn++);
      source.subscribe({
        next: (value) => {
          this.emitted++;
          subscriber.next(value);
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
  }

  get running(): number {
    return this.subscribed - this.torn;
  }
}

/** Emits synchronously for as long as somebody listens; far beyond what anybody asked for, it gives up. */
export function firehose<T>(make: (index: number) => T, limit = 100_000): Tap<T> {
  const tap: Tap<T> = new Tap(
    new Observable((subscriber) => {
      for (let index = 0; !subscriber.closed && tap.running > 0 && index < limit; index++) subscriber.next(make(index));
    }),
  );
  return tap;
}

/** Fake timers and a record of what nobody handled, for each test of a file. */
export function watchTimersAndErrors(): { readonly unhandled: unknown[]; readonly timers: () => number } {
  const unhandled: unknown[] = [];
  beforeEach(() => {
    vi.useFakeTimers();
    unhandled.length = 0;
    config.onUnhandledError = (error) => unhandled.push(error);
  });
  afterEach(() => {
    vi.useRealTimers();
    config.onUnhandledError = null;
  });
  return { unhandled, timers: () => vi.getTimerCount() };
}

/** A breaker that counts its permits: acquired, and back by whatever way. */
export function countPermits(breaker: CircuitBreaker): { readonly breaker: CircuitBreaker; acquired: number; settled: number } {
  const counts = {
    acquired: 0,
    settled: 0,
    breaker: {
      ...breaker,
      get state() {
        return breaker.state;
      },
      acquire() {
        const admission = breaker.acquire();
        if (!('permit' in admission)) return admission;
        counts.acquired++;
        let open = true;
        const settle = (): void => {
          if (open) counts.settled++;
          open = false;
        };
        const { permit } = admission;
        return {
          permit: {
            arrive: () => permit.arrive(),
            finish: () => {
              settle();
              permit.finish();
            },
            fail: (...outcome: Parameters<typeof permit.fail>) => {
              settle();
              permit.fail(...outcome);
            },
            release: () => {
              settle();
              permit.release();
            },
          },
        };
      },
    } as CircuitBreaker,
  };
  return counts;
}
