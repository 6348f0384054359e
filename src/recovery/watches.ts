import { asyncScheduler, finalize, Observable, Subscription, share, timer } from 'rxjs';
import { seededRandom } from '../policies/jitter.ts';
import { bounded } from './persist.ts';
import { streamLost } from './store-errors.ts';
import type { StreamRecord } from './stream-record.ts';
import type { StreamStore } from './stream-store.ts';

/** Who looks after streams that are read here. */
export interface WatchesConfig {
  readonly store: StreamStore;
  /** The name of the process. */
  readonly watcher: string;
  /** Milliseconds between two looks, at most. */
  readonly lease: number;
  /** Has an expired stream taken over, or raises what its readers are told. */
  readonly expired: (record: StreamRecord, expiredForMs: number) => Promise<void>;
}

/** A look is late by so much after a lease's end, by chance: so that not every process takes a stream in the same moment. */
const spread = 300;
const soon = 200;

/**
 * Looks at the records of streams while they are read in this process, once for all their readers: so that their producer knows that
 * somebody watches, and that they end when it is gone.
 */
export class Watches {
  readonly #config: WatchesConfig;
  readonly #watched = new Map<string, Observable<never>>();

  constructor(config: WatchesConfig) {
    this.#config = config;
  }

  /** Emits nothing, and completes once the stream is sealed; raises `interrupted` where it is lost, or its producer is and nobody takes over. */
  watch(id: string): Observable<never> {
    const watched = this.#watched.get(id);
    if (watched) return watched;
    const shared = this.#look(id).pipe(
      finalize(() => {
        if (this.#watched.get(id) === shared) this.#watched.delete(id);
      }),
      share(),
    );
    this.#watched.set(id, shared);
    return shared;
  }

  #look(id: string): Observable<never> {
    return new Observable((subscriber) => {
      const { store, watcher, lease, expired } = this.#config;
      let waiting = Subscription.EMPTY;
      let expiredAt: number | undefined;
      let looks = 0;
      subscriber.add(() => waiting.unsubscribe());

      const next = async (): Promise<number | undefined> => {
        let record: StreamRecord | undefined;
        try {
          record = await bounded(() => store.get(id, { watcher, for: 2 * lease }));
        } catch {
          // That the store is away is told by reading from it.
          return Math.min(lease, 1_000);
        }
        if (!record || record.state === 'lost') throw streamLost();
        if (record.state === 'sealed') return undefined;
        if (record.state === 'held') {
          expiredAt = undefined;
          return Math.min(lease, record.leaseMs + soon + seededRandom(`${watcher}:${id}:${looks++}`) * spread);
        }
        expiredAt ??= asyncScheduler.now();
        if (!subscriber.closed) await expired(record, asyncScheduler.now() - expiredAt);
        return soon;
      };

      const look = (): void => {
        next().then(
          (wait) => {
            if (subscriber.closed) return;
            if (wait === undefined) subscriber.complete();
            else waiting = timer(wait).subscribe(look);
          },
          (error: unknown) => subscriber.error(error),
        );
      };
      look();
    });
  }
}
