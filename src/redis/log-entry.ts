import type { StoredEvent } from '../index.ts';
import { type CursorPosition, formatCursor, parseEvent } from '../recovery/store.ts';

/** An entry as Redis replies it: its id, its fields and values. */
export type RawEntry = readonly [id: string, fields: readonly string[]];

/** An entry of a log: an event; the end, with its outcome; or what only holds a place. */
export interface LogEntry extends CursorPosition {
  readonly event: StoredEvent | undefined;
  readonly outcome: string | undefined;
  /** In characters. */
  readonly size: number;
}

const idShape = /^(\d{1,15})-(\d{1,15})$/;
const sealedId = '18446744073709551615-18446744073709551615';

/** The place that an id stands for; `undefined` for the end, and for what the store never wrote. */
export function positionOf(id: string): CursorPosition | undefined {
  const parts = idShape.exec(id);
  return parts ? { epoch: Number(parts[1]), sequence: Number(parts[2]) } : undefined;
}

export function idOf({ epoch, sequence }: CursorPosition): string {
  return `${epoch}-${sequence}`;
}

/** The end has the place after the last entry, so that it follows. */
export function readEntry([id, fields]: RawEntry): LogEntry | undefined {
  const value = fields[1] ?? '';
  if (id === sealedId) {
    return { epoch: Number.MAX_SAFE_INTEGER, sequence: Number(value) + 1, event: undefined, outcome: fields[3] ?? '', size: value.length };
  }
  const position = positionOf(id);
  if (!position) return undefined;
  const event = fields[0] === 'e' ? Object.assign(parseEvent(value), { cursor: formatCursor(position) }) : undefined;
  return { ...position, event, outcome: undefined, size: value.length };
}
