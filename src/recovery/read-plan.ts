import { beginningCursor, type CursorPosition, nowCursor, parseCursor } from './cursor.ts';

/** What there is of a log. */
export interface LogExtent {
  /** The sequence of the first entry that is kept. */
  readonly first: number;
  /** Of the last entry. */
  readonly last: CursorPosition;
  /** Each epoch after the first, and the sequence of the last entry before it. */
  readonly takeovers: readonly { readonly epoch: number; readonly base: number }[];
  /** A snapshot stands for all entries up to this sequence, itself included. */
  readonly snapshotAt?: number | undefined;
}

/**
 * What a reader is given first.
 *
 * - `entries`: those after a sequence.
 * - `snapshot`: the snapshot that is kept, then the entries after it.
 * - `restart`: the reader has what is no part of this log; that is void, and a snapshot of all there is takes its place.
 * - `gap`: entries are gone, and nothing stands for them.
 * - `invalid`: what was given is no cursor.
 */
export type ReadPlan = { readonly type: 'entries'; readonly after: number } | { readonly type: 'snapshot' | 'restart' | 'gap' | 'invalid' };

/** Where somebody reads on who was at a cursor. A cursor ahead of the log is no reason to wait: what it stands for was lost. */
export function planRead(cursor: string | undefined, log: LogExtent): ReadPlan {
  if (cursor === nowCursor) return { type: 'entries', after: log.last.sequence };
  if (cursor === undefined || cursor === beginningCursor) return entriesAfter(0, log);
  const position = parseCursor(cursor);
  if (!position) return { type: 'invalid' };
  return isOf(log, position) ? entriesAfter(position.sequence, log) : { type: 'restart' };
}

function entriesAfter(sequence: number, { first, snapshotAt }: LogExtent): ReadPlan {
  if (snapshotAt !== undefined && sequence < snapshotAt) return { type: 'snapshot' };
  return sequence + 1 < first ? { type: 'gap' } : { type: 'entries', after: sequence };
}

/** Whether the log went on from this position: its epoch had begun, and no later one began before it. */
function isOf({ last, takeovers }: LogExtent, { epoch, sequence }: CursorPosition): boolean {
  if (epoch > last.epoch || sequence > last.sequence) return false;
  return takeovers.every(({ epoch: next, base }) => next < epoch || (next === epoch ? sequence > base : sequence <= base));
}
