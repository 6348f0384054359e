import { asyncScheduler, firstValueFrom, timer } from 'rxjs';
import { isProviderError, type ProviderError } from '../core/provider-error.ts';

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

/**
 * Makes a call of a store until its fate is known: the same call again, after waits that grow from 50 ms to a second.
 *
 * Rejects with the last failure once the patience is over; resolves with `undefined` where nobody wants to know any more.
 */
export async function persist<T>(call: () => Promise<T>, { patience, failed, isWanted }: Persistence): Promise<T | undefined> {
  const begun = asyncScheduler.now();
  for (let wait = firstWait; ; wait = Math.min(2 * wait, maxWait)) {
    if (!isWanted()) return undefined;
    try {
      return await call();
    } catch (error) {
      if (!isProviderError(error)) throw error;
      failed?.(error);
      if (asyncScheduler.now() - begun + wait > patience()) throw error;
      await firstValueFrom(timer(wait));
    }
  }
}
