import { isProviderError, type ProviderError } from '../../src/index.ts';
import { type ResilientFetch, type ResilientFetchOptions, resilientFetch } from '../../src/resilient-fetch.ts';

/** Waits of a millisecond. */
export function quickFetch(options: ResilientFetchOptions = {}): ResilientFetch {
  return resilientFetch({ ...options, retry: { initialDelay: 1, jitter: 'none', ...options.retry } });
}

/** The error of ours in what an SDK has thrown, however it is wrapped. */
export function providerErrorIn(error: unknown): ProviderError | undefined {
  for (let each = error, depth = 0; typeof each === 'object' && each !== null && depth < 8; depth++) {
    if (isProviderError(each)) return each;
    each = 'cause' in each && each.cause ? each.cause : 'lastError' in each ? each.lastError : undefined;
  }
  return undefined;
}
