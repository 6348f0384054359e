import type { EventLike, StoredEvent, StreamRecord } from '../index.ts';
import { formatCursor, type LogExtent, parseEvent } from '../recovery/store.ts';
import { positionOf, type RawEntry } from './log-entry.ts';
import { openScript } from './looking-scripts.ts';
import type { RedisAccess } from './redis-access.ts';
import { readRecord } from './stored-record.ts';

/** A stream as a reader finds it. */
export interface OpenedStream {
  readonly record: StreamRecord;
  readonly extent: LogExtent;
  /** Milliseconds that its holder's lease is given each time. */
  readonly lease: number;
}

/** Looks at a stream; `undefined` where there is none. */
export async function openStream(access: RedisAccess, id: string): Promise<OpenedStream | undefined> {
  const { keys, reading } = access;
  const reply = await access.attempt(reading, (connection) => openScript.run(connection, keys.all(id), [id, keys.prefix]));
  if (!reply) return undefined;
  const [found, first, epoch, bases, snapshotAt, lease] = reply as [unknown, string, string, string, string, string];
  const record = readRecord(found);
  const takeovers = (JSON.parse(bases) as [string, string][]).map(([each, base]) => ({ epoch: Number(each), base: Number(base) }));
  const extent = {
    // A log that is gone has nothing before its end.
    first: positionOf(first)?.sequence ?? record.last + 1,
    last: { epoch: Number(epoch), sequence: record.last },
    takeovers,
    snapshotAt: snapshotAt ? Number(snapshotAt) : undefined,
  };
  return { record, extent, lease: Number(lease) };
}

/** The epoch in which the entry at a sequence was written. */
export function epochAt(sequence: number, { takeovers }: LogExtent): number {
  return takeovers.findLast(({ base }) => base < sequence)?.epoch ?? 1;
}

/** The entries after an id, one page of them. */
export async function readPage(access: RedisAccess, id: string, after: string, count: number): Promise<readonly RawEntry[]> {
  const command = ['XRANGE', access.keys.of(id).log, `(${after}`, '+', 'COUNT', String(count)];
  return (await access.attempt(access.reading, (connection) => connection.send(command))) as RawEntry[];
}

/** The snapshot that stands for the beginning of a log, and the sequence up to which. */
export async function readSnapshot(access: RedisAccess, id: string): Promise<{ sequence: number; event: StoredEvent } | undefined> {
  const command = ['HMGET', access.keys.of(id).record, 'snapshot', 'snapshot_at', 'snapshot_epoch'];
  const reply = await access.attempt(access.reading, (connection) => connection.send(command));
  const [json, at, epoch] = reply as (string | null)[];
  if (!json) return undefined;
  const sequence = Number(at);
  const event: EventLike = Object.assign(parseEvent(json), { cursor: formatCursor({ epoch: Number(epoch), sequence }) });
  return { sequence, event: event as StoredEvent };
}
