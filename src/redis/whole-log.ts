import type { EventLike, StoredEvent } from '../index.ts';
import { type CursorPosition, formatCursor, snapshotEventOf } from '../recovery/store.ts';
import { idOf, readEntry } from './log-entry.ts';
import { epochAt, type OpenedStream, readPage, readSnapshot } from './opened-stream.ts';
import type { RedisAccess } from './redis-access.ts';

/**
 * All that a stream said so far, as one `snapshot`, and the place after which it goes on: what ends an answer is left to be told as itself.
 *
 * `undefined` where the log was changed in the meantime.
 */
export async function sumUpLog(
  access: RedisAccess,
  { record, extent }: OpenedStream,
  count: number,
): Promise<(CursorPosition & { readonly event: StoredEvent }) | undefined> {
  const snapshot = extent.snapshotAt === undefined ? undefined : await readSnapshot(access, record.id);
  const events: EventLike[] = snapshot ? [snapshot.event] : [];
  let last: CursorPosition = snapshot
    ? { epoch: epochAt(snapshot.sequence, extent), sequence: snapshot.sequence }
    : { epoch: 0, sequence: 0 };
  let beforeFinish: CursorPosition | undefined;
  while (last.sequence < extent.last.sequence) {
    const page = await readPage(access, record.id, idOf(last), count);
    if (page.length === 0) return undefined;
    for (const raw of page) {
      const entry = readEntry(raw);
      if (!entry || entry.sequence !== last.sequence + 1) return undefined;
      if (entry.sequence > extent.last.sequence) break;
      if (entry.event) {
        beforeFinish = entry.event.type === 'finish' ? last : undefined;
        events.push(entry.event);
      }
      last = entry;
    }
  }
  if (beforeFinish) events.pop();
  const { epoch, sequence } = beforeFinish ?? last;
  const event = { ...snapshotEventOf(events), cursor: formatCursor({ epoch, sequence }) } as StoredEvent;
  return { epoch, sequence, event };
}
