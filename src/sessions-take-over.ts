import { asyncScheduler, type Observable } from 'rxjs';
import type { StreamOptions } from './client-options.ts';
import type { Checkpoint, StreamPosition } from './core/checkpoint.ts';
import { defaults } from './core/defaults.ts';
import type { EventLike } from './core/event.ts';
import type { StreamRequest } from './core/request.ts';
import type { Recovery } from './policies/recovery.ts';
import { hasSaidNothing } from './recovery/create-stream.ts';
import { bounded, persist } from './recovery/persist.ts';
import type { Producers } from './recovery/producers.ts';
import type { SessionPlaces } from './recovery/session-places.ts';
import { interruptedOutcome, producerLost, producerLostCode } from './recovery/store-errors.ts';
import type { StreamRecord } from './recovery/stream-record.ts';
import type { StreamStore } from './recovery/stream-store.ts';
import { asContinued, checkpointOf, type Inheritance, isWhole, readInheritance, requestToResume } from './recovery/take-over.ts';
import { decoded } from './sessions-codec.ts';
import type { RequestCodec } from './sessions-options.ts';

/** Who takes over. */
export interface TakeOverConfig {
  readonly client:
    | {
        stream(request: StreamRequest, options: StreamOptions): Observable<EventLike>;
        cancel?(position: StreamPosition): Promise<void>;
      }
    | undefined;
  readonly store: StreamStore;
  readonly codec: RequestCodec;
  readonly owner: string;
  readonly lease: number;
  readonly producers: Producers;
  readonly places: SessionPlaces;
}

/** Beyond a lease, so much more is granted to processes that could go on with a stream. */
const grace = 2_000;

/**
 * Takes a stream whose process is gone, and goes on with it as its policy says.
 *
 * Where this process cannot, another may; once nobody has for a lease and two seconds, raises `interrupted`.
 */
export function takeOverBy(config: TakeOverConfig): (record: StreamRecord, expiredForMs: number) => Promise<void> {
  const { client, store, owner, lease, producers, places } = config;
  const busy = new Set<string>();
  return async (record, expiredForMs) => {
    const { id, takeover, isCancelled } = record;
    if (producers.get(id) || busy.has(id)) return;
    const canGoOn = client !== undefined && places.isFree;
    // What this process has given back is not its own to take.
    if (places.isClosed || (!canGoOn && takeover !== 'fail' && !isCancelled)) {
      if (expiredForMs > lease + grace) throw producerLost();
      return;
    }
    busy.add(id);
    const place = canGoOn ? places.take() : undefined;
    try {
      const taking = await bounded(() => store.take(id, { owner, lease }));
      // Held by this process, which has no producer of it: taken a moment ago, and the reply was lost.
      const isOurs = taking.status === 'taken' || (taking.status === 'held' && taking.record.owner === owner);
      if (isOurs) await goOn(config, taking.record);
    } catch {
      // Whoever looks next tries again.
      if (expiredForMs > lease + grace) throw producerLost();
    } finally {
      place?.giveBack();
      busy.delete(id);
    }
  };
}

async function goOn(config: TakeOverConfig, record: StreamRecord): Promise<void> {
  const { client, store, producers } = config;
  const { id, epoch, last, requestId } = record;
  const inherited = await readInheritance(store, record);
  const seal = (outcome: Parameters<StreamStore['seal']>[1]['outcome']) =>
    persist(() => store.seal({ id, epoch }, { last, outcome }), { patience: () => 5_000, isWanted: () => true });
  if (isWhole(inherited)) {
    await seal({ status: 'done', finishReason: inherited.result.finishReason });
    return;
  }
  const request = await requestOf(inherited, config);
  if (!request || !client) {
    await seal(interruptedOutcome(requestId, producerLostCode));
    return;
  }
  const from = checkpointOf(inherited, request);
  producers.run({
    record,
    events: inherited.events,
    lastEvent: record.progress?.sequence ?? 0,
    cancelled: cancelAt(client),
    forgets: hasSaidNothing,
    generate: (follow) => client.stream(request, { ...optionsOf(record, from), follow }).pipe(asContinued(inherited, from !== undefined)),
  });
}

async function requestOf({ record }: Inheritance, { codec, lease }: TakeOverConfig): Promise<StreamRequest | undefined> {
  if (record.request === undefined) return requestToResume(record);
  return decoded(record.request, codec, lease);
}

function optionsOf({ requestId, tenant, deadline, takeover }: StreamRecord, from: Checkpoint | undefined) {
  const total = deadline === undefined ? defaults.timeout.total : Math.max(deadline - asyncScheduler.now(), 1);
  const recovery: readonly Recovery[] = takeover === 'fail' ? [] : [takeover];
  return { requestId, tenant, timeout: { total }, ...(from && { from, recovery }) };
}

/** Has the provider end a generation. What comes of it is nobody's to wait for: the stream is cancelled in any case. */
export function cancelAt(client: { cancel?(position: StreamPosition): Promise<void> }): (position: StreamPosition) => void {
  const cancel = async (position: StreamPosition): Promise<void> => client.cancel?.(position);
  return (position) => {
    cancel(position).catch(() => undefined);
  };
}
