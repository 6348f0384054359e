import { asyncScheduler, firstValueFrom, from, NEVER, type Observable, timeout, timer } from 'rxjs';
import { defaults } from '../core/defaults.ts';
import { isProviderError, ProviderError } from '../core/provider-error.ts';
import { storeUnavailable } from './store-errors.ts';

/** How long a producer waits for its store. */
export interface Persistence {
  /** Milliseconds after which it is given up; asked each time. */
  readonly patience: () => number;
  /** Told of each failure. */
  readonly failed?: ((error: ProviderError) => void) | undefined;
  /** Whether there is a point in going on. */
  readonly isWanted: () => boolean;
}

const firstWait = 50;
const maxWait = 1_000;

/** Emits once a time is over; never where there is none, which no timer can hold. */
export function after(milliseconds: number): Observable<unknown> {
  return Number.isFinite(milliseconds) ? timer(milliseconds) : NEVER;
}

/** A call of a store that ends in any case, and fails with a {@link ProviderError}. */
export async function bounded<T>(call: () => PromiseLike<T>, within: number = defaults.sessions.callTimeout): Promise<T> {
  const tooLate = (): never => {
    throw new ProviderError({ category: 'timeout', phase: 'local', code: 'store-unavailable', reason: 'the store does not answer' });
  };
  try {
    const answer = Promise.resolve(call());
    // A store in memory has answered by then, and needs no timer.
    if (await settlesAtOnce(answer)) return await answer;
    return await firstValueFrom(from(answer).pipe(timeout({ first: within, with: tooLate })));
  } catch (error) {
    throw isProviderError(error) ? error : storeUnavailable(error);
  }
}

async function settlesAtOnce(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  promise.then(settle, settle);
  for (let turn = 0; turn < 4 && !isSettled; turn++) await undefined;
  return isSettled;
}

/**
 * Makes a call of a store until its fate is known: the same call again, after waits that grow from 50 ms to a second.
 *
 * Rejects with the last failure once the patience is over; resolves with `undefined` where nobody wants to know any more.
 */
export async function persist<T>(call: () => PromiseLike<T>, { patience, failed, isWanted }: Persistence): Promise<T | undefined> {
  const begun = asyncScheduler.now();
  for (let wait = firstWait; ; wait = Math.min(2 * wait, maxWait)) {
    if (!isWanted()) return undefined;
    try {
      return await bounded(call, Math.max(Math.min(defaults.sessions.callTimeout, patience()), firstWait));
    } catch (error) {
      failed?.(error as ProviderError);
      if (asyncScheduler.now() - begun + wait > patience()) throw error;
      await firstValueFrom(timer(wait));
    }
  }
}
