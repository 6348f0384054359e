import { Observable, takeWhile } from 'rxjs';
import { defaults } from '../core/defaults.ts';
import type { EventLike } from '../core/event.ts';
import type { UnloggedEvent } from './append-queue.ts';
import { parseCursor } from './cursor.ts';
import type { LocalFeed } from './local-feed.ts';
import { replayGap } from './store-errors.ts';
import type { StoredEvent } from './stream-store.ts';

/** How the events of a producer in this process and those of the log make one stream. */
export interface SpliceConfig {
  /** Where the reader was; undefined at the beginning. */
  readonly after: string | undefined;
  readonly log$: Observable<StoredEvent>;
  readonly feed: LocalFeed;
  /** Whether nothing stands between two sequences but entries that are no events. */
  readonly follows: (last: number, next: number) => boolean;
  /** Whether the failure of the log ends nothing, as long as the producer goes on. */
  readonly outlivesLog: boolean;
}

/**
 * The log, and where the store is away what a producer in this process says meanwhile: each event once, in order.
 *
 * An event that is not logged is taken if it is the next one, and has no cursor; the log's copy of it is passed over.
 */
export function splice({ after, log$, feed, follows, outlivesLog }: SpliceConfig): Observable<EventLike> {
  return new Observable((subscriber) => {
    let last = (after !== undefined && parseCursor(after)?.sequence) || 0;
    let lastUnlogged = -1;
    let early: UnloggedEvent[] = [];

    const take = (unlogged: UnloggedEvent): void => {
      if (unlogged.sequence <= last) return;
      if (follows(last, unlogged.sequence)) {
        last = lastUnlogged = unlogged.sequence;
        subscriber.next(unlogged.event);
      } else if (early.length < defaults.store.maxEvents) {
        early.push(unlogged);
      } else {
        subscriber.error(replayGap());
      }
    };

    const follow = (events$: Observable<UnloggedEvent>, complete: () => void): void => {
      subscriber.add(events$.subscribe({ next: take, error: (error) => subscriber.error(error), complete }));
    };

    subscriber.add(
      // A log that is there at once ends with its reader.
      log$.pipe(takeWhile(() => !subscriber.closed)).subscribe({
        next: (event) => {
          const sequence = parseCursor(event.cursor)?.sequence ?? 0;
          if (sequence <= lastUnlogged) return;
          last = sequence;
          subscriber.next(event);
          if (early.length === 0) return;
          const waiting = early;
          early = [];
          for (const each of waiting) take(each);
        },
        error: (error) => {
          if (outlivesLog) follow(feed.events$, () => subscriber.error(error));
          else subscriber.error(error);
        },
        complete: () => subscriber.complete(),
      }),
    );
    if (!subscriber.closed) follow(feed.volatile$, () => undefined);
  });
}
