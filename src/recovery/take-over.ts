import { catchError, lastValueFrom, mergeMap, type Observable, of, takeWhile, throwError, toArray } from 'rxjs';
import { type Checkpoint, fingerprintOf } from '../core/checkpoint.ts';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { isProviderError, ProviderError } from '../core/provider-error.ts';
import type { StreamRequest } from '../core/request.ts';
import type { StreamResult } from '../core/stream-result.ts';
import { parseCursor } from './cursor.ts';
import { snapshotOf } from './snapshot-of.ts';
import { producerLost } from './store-errors.ts';
import type { StreamRecord, TakeoverPolicy } from './stream-record.ts';
import type { StoredEvent, StreamStore } from './stream-store.ts';

/** What is in the log of a stream that was taken over. */
export interface Inheritance {
  readonly record: StreamRecord;
  readonly events: readonly StoredEvent[];
  readonly result: StreamResult;
}

/** Reads what the producer before had logged. */
export async function readInheritance(store: StreamStore, record: StreamRecord): Promise<Inheritance> {
  const end = record.progress?.sequence;
  if (end === undefined) return { record, events: [], result: snapshotOf([]) };
  const isBefore = ({ cursor }: StoredEvent): boolean => (parseCursor(cursor)?.sequence ?? 0) < end;
  const events = await lastValueFrom(store.read(record.id).pipe(takeWhile(isBefore, true), toArray()));
  return { record, events, result: snapshotOf(events) };
}

/** Whether the answer is whole, and its producer died before it could say so. */
export function isWhole({ result }: Inheritance): boolean {
  return result.finishReason !== undefined;
}

/** Where a client goes on from; `undefined` where nothing was said yet, and it begins. */
export function checkpointOf({ record, result }: Inheritance, request: StreamRequest): Checkpoint | undefined {
  const { progress, requestId } = record;
  const isEmpty = result.text === '' && result.reasoning === '' && result.toolCalls.length === 0;
  if (!progress || (isEmpty && progress.providerCursor === undefined)) return undefined;
  const { provider, model, attempts, providerCursor: cursor, endsInText } = progress;
  const fingerprint = record.request === undefined ? fingerprintOf(request) : (progress.fingerprint ?? fingerprintOf(request));
  return {
    version: 1,
    requestId,
    fingerprint,
    provider,
    model,
    attempts,
    result,
    ...(cursor !== undefined && { cursor }),
    ...(endsInText !== undefined && { endsInText }),
  };
}

/**
 * What a client says that goes on, as it stands in the log: the beginning and what the log holds are not said again.
 *
 * A checkpoint that nobody can go on from is no fault of the request: the producer is lost.
 */
export function asContinued(
  { record, events }: Inheritance,
  hasCheckpoint: boolean,
): (source: Observable<EventLike>) => Observable<EventLike> {
  const hasStarted = events.some(({ type }) => type === 'start' || type === 'snapshot');
  const isVoid = hasCheckpoint && record.takeover === 'restart';
  let hasBegun = false;
  const show = (value: EventLike): Observable<EventLike> => {
    const event = value as StreamEvent;
    if (event.type === 'retry' && hasStarted) return of();
    if (event.type === 'snapshot' && hasCheckpoint && !hasBegun) {
      hasBegun = true;
      return of();
    }
    if (event.type !== 'start' || !hasStarted) return of(value);
    return isVoid ? of({ ...event, type: 'restart', error: producerLost() } as EventLike) : of();
  };
  return (source) =>
    source.pipe(
      mergeMap(show),
      catchError((error: unknown) => {
        const isUseless = hasCheckpoint && isProviderError(error) && error.category === 'invalid-request' && error.phase === 'local';
        return throwError(() => (isUseless ? producerLost(error) : error));
      }),
    );
}

/** The request that is asked for where only a cursor is kept: whoever resumes by it needs no more. */
export function requestToResume(record: StreamRecord): StreamRequest | undefined {
  const { progress } = record;
  if (progress?.providerCursor === undefined) return undefined;
  return { model: progress.model, messages: [{ role: 'user', content: '' }] };
}

/** Whether a takeover by this policy needs the request. */
export function needsRequest(takeover: TakeoverPolicy): boolean {
  return takeover === 'continue' || takeover === 'restart';
}

/** @throws ProviderError where what the codec gave is no request. */
export function decodedRequest(value: unknown): StreamRequest {
  if (typeof value === 'object' && value !== null && 'messages' in value) return value as StreamRequest;
  throw new ProviderError({ category: 'invalid-request', phase: 'local', retryable: false, reason: 'codec.decode gave no request' });
}
