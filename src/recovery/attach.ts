import {
  concat,
  concatMap,
  defer,
  from,
  type MonoTypeOperatorFunction,
  Observable,
  of,
  switchMap,
  takeUntil,
  takeWhile,
  tap,
  throwError,
} from 'rxjs';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { currentFlowGate, type FlowGate, withFlowGate } from '../core/flow-gate.ts';
import { ProviderError } from '../core/provider-error.ts';
import { ResultBuilder } from '../core/result-builder.ts';
import { parseCursor } from './cursor.ts';
import { bounded } from './persist.ts';
import type { Producer } from './producer.ts';
import { splice } from './splice.ts';
import { streamNotFound } from './store-errors.ts';
import type { StreamRecord } from './stream-record.ts';
import type { StreamStore } from './stream-store.ts';

/** How a subscriber reads a stored stream. */
export interface AttachConfig {
  readonly store: StreamStore;
  readonly after: string | undefined;
  /** Whether what was said before comes as one `snapshot`. */
  readonly snapshot: boolean;
  /** Whose stream it must be. */
  readonly tenant: string | undefined;
  /** Looks at the record while somebody reads, who may. */
  readonly watch: () => Observable<never>;
  /** Whether the failure of the log ends nothing where the producer is in this process. */
  readonly outlivesLog: boolean;
  /** The producer in this process, if there is one. */
  readonly producer: () => Producer | undefined;
}

/**
 * A stored stream from where a reader was: each event once, with its cursor, up to `finish`.
 *
 * Raises what the stream ended with, `not-found` where there is none of this tenant, and what a store's `read` raises.
 */
export function attachTo(id: string, config: AttachConfig): Observable<EventLike> {
  const { store, tenant, watch } = config;
  return defer(() => {
    const flow = currentFlowGate();
    return from(bounded(() => store.get(id))).pipe(
      switchMap((record) => {
        const isTheirs = record !== undefined && record.tenant === tenant;
        return isTheirs ? under(flow, eventsOf(record, config)).pipe(takeUntil(watch())) : throwError(() => streamNotFound());
      }),
      takeWhile(({ type }) => type !== 'finish', true),
      throwIfUnfinished(),
    );
  });
}

function eventsOf(record: StreamRecord, { store, after, snapshot, outlivesLog, producer }: AttachConfig): Observable<EventLike> {
  const log$ = store.read(record.id, { after });
  const local = producer();
  const follows = (last: number, next: number): boolean => local?.follows(last, next) ?? false;
  const events$ = local ? splice({ after, log$, feed: local.feed, follows, outlivesLog }) : log$;
  return snapshot && after === undefined ? events$.pipe(snapshotUntil(record)) : events$;
}

/** A reader that pauses is known by the store too, though it is asked a moment later. */
function under<T>(flow: FlowGate | undefined, source: Observable<T>): Observable<T> {
  if (!flow) return source;
  return new Observable((subscriber) => withFlowGate(flow, () => subscriber.add(source.subscribe(subscriber))));
}

/** What was said when the reader came is one event. */
function snapshotUntil({ progress }: StreamRecord): MonoTypeOperatorFunction<EventLike> {
  const end = progress?.sequence;
  if (end === undefined) return (source) => source;
  return (source) =>
    defer(() => {
      let builder: ResultBuilder | undefined = new ResultBuilder();
      return source.pipe(
        concatMap((event) => {
          if (!builder) return [event];
          builder.add(event);
          const { cursor } = event as { readonly cursor?: string };
          const isFinish = event.type === 'finish';
          if (!isFinish && cursor !== undefined && (parseCursor(cursor)?.sequence ?? 0) < end) return [];
          const snapshot: StreamEvent = { ...builder.snapshotEvent(), cursor };
          builder = undefined;
          return isFinish ? [snapshot, event] : [snapshot];
        }),
      );
    });
}

/** A log that is sealed as done without a `finish` was written by somebody else. */
function throwIfUnfinished(): MonoTypeOperatorFunction<EventLike> {
  return (source) =>
    defer(() => {
      let isFinished = false;
      const cutShort = defer(() =>
        isFinished ? of() : throwError(() => new ProviderError({ category: 'interrupted', reason: 'the log ended before the answer did' })),
      );
      const noted = source.pipe(
        tap((event) => {
          isFinished ||= event.type === 'finish';
        }),
      );
      return concat(noted, cutShort as Observable<EventLike>);
    });
}
