import { asyncScheduler, exhaustMap, interval, type Subscription } from 'rxjs';
import { bounded } from './persist.ts';
import type { HolderReply, StreamHolder, StreamStore } from './stream-store.ts';

/** What a renewal may bring to light. */
export interface LeaseRenewal {
  readonly store: StreamStore;
  readonly holder: StreamHolder;
  readonly lease: number;
  /** Milliseconds after which nobody wants an answer that nobody watches. */
  readonly unwatchedFor: number;
  /** Somebody else has the stream, or it is gone. */
  refused(reply: HolderReply): void;
  /** Somebody has asked for the end, or nobody watches. */
  cancelled(): void;
}

/** Renews a lease thrice in its time. A store that is away is no reason to stop: what is missed is found out later. */
export function renewLease(renewal: LeaseRenewal): Subscription {
  const { store, holder, lease, unwatchedFor } = renewal;
  let watchedAt = asyncScheduler.now();

  const isUnwatched = async (): Promise<boolean> => {
    if (unwatchedFor === Number.POSITIVE_INFINITY) return false;
    const record = await bounded(() => store.get(holder.id));
    if (!record || record.watchers > 0) watchedAt = asyncScheduler.now();
    return asyncScheduler.now() - watchedAt >= unwatchedFor;
  };

  const renew = async (): Promise<void> => {
    try {
      const { reply, isCancelled } = await bounded(() => store.renew(holder, { lease }));
      if (reply !== 'ok') renewal.refused(reply);
      else if (isCancelled || (await isUnwatched())) renewal.cancelled();
    } catch {
      // Of unknown fate: the next renewal says what became of it.
    }
  };

  return interval(Math.min(lease / 3, unwatchedFor / 2))
    .pipe(exhaustMap(renew))
    .subscribe();
}
