/**
 * A place in a stored stream: who wrote (each takeover is a new epoch), and how much had been written.
 *
 * The sequence never restarts, across epochs neither.
 */
export interface CursorPosition {
  /** From 1; 0 is before the beginning. */
  readonly epoch: number;
  /** From 1; 0 is before the beginning. */
  readonly sequence: number;
}

/** The reserved cursor before the first event. */
export const beginningCursor = '-1';

/** The reserved cursor after whatever is last at the moment. */
export const nowCursor = 'now';

const epochWidth = 6;
const sequenceWidth = 10;
const radix = 36;
const shape = /^[0-9a-z]{16}$/;
const maxEpoch = radix ** epochWidth - 1;
/** Fifteen digits: more would not be exact in a number of JavaScript. */
const maxSequence = 10 ** 15 - 1;

/**
 * A position as the cursor that users keep: opaque, always as wide, in lexicographic order, and free of characters that mean something in an address.
 *
 * @throws RangeError if the position is none.
 *
 * @example
 * ```ts
 * formatCursor({ epoch: 1, sequence: 37 }); // '0000010000000011'
 * ```
 */
export function formatCursor({ epoch, sequence }: CursorPosition): string {
  if (!isWithin(epoch, maxEpoch) || !isWithin(sequence, maxSequence)) throw new RangeError('A cursor is two whole numbers, from 0');
  return epoch.toString(radix).padStart(epochWidth, '0') + sequence.toString(radix).padStart(sequenceWidth, '0');
}

/**
 * The position of a cursor, or `undefined` for what {@link formatCursor} never wrote, the two reserved cursors included.
 *
 * @example
 * ```ts
 * parseCursor('0000010000000011'); // { epoch: 1, sequence: 37 }
 * ```
 */
export function parseCursor(cursor: string): CursorPosition | undefined {
  if (!shape.test(cursor)) return undefined;
  const epoch = Number.parseInt(cursor.slice(0, epochWidth), radix);
  const sequence = Number.parseInt(cursor.slice(epochWidth), radix);
  return sequence > maxSequence ? undefined : { epoch, sequence };
}

/** Negative where the first comes before the second, 0 where they are one. */
export function comparePositions(one: CursorPosition, other: CursorPosition): number {
  return one.epoch - other.epoch || one.sequence - other.sequence;
}

function isWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}
