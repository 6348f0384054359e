import { formatCursor } from './cursor.ts';
import { parseEvent, serializeEvent } from './event-json.ts';
import type { LogExtent } from './read-plan.ts';
import { snapshotEventOf } from './snapshot-of.ts';
import type { StoredEvent } from './stream-store.ts';

/** An event: as JSON until somebody reads it, then as the object that all readers share. */
interface Entry {
  json: string | undefined;
  event: StoredEvent | undefined;
  readonly bytes: number;
}

/** What an entry costs beside its text, in bytes, measured: the object that it becomes and its cursor. */
const entryBytes = 160;

/** What JSON counts for in memory: two bytes a character, and what an entry costs. */
export function bytesOf(json: string): number {
  return entryBytes + 2 * json.length;
}

/** The log of one stream in memory: entries without a gap, before them a snapshot or nothing. A place without an event is the first of an epoch. */
export class MemoryLog {
  #entries: (Entry | undefined)[] = [undefined];
  /** The sequence of the first entry. */
  #first = 1;
  #snapshot: Entry | undefined;
  readonly #takeovers: { readonly epoch: number; readonly base: number }[] = [];
  #events = 0;
  #bytes = entryBytes;

  get last(): number {
    return this.#first + this.#entries.length - 1;
  }

  /** The sequence of the first entry of the newest epoch. */
  get begin(): number {
    return (this.#takeovers.at(-1)?.base ?? 0) + 1;
  }

  get events(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The snapshot stands for all entries up to this one; 0 where there is none. */
  get snapshotAt(): number {
    return this.#snapshot ? this.#first - 1 : 0;
  }

  get extent(): LogExtent {
    const { last: sequence } = this;
    const last = { epoch: this.#takeovers.at(-1)?.epoch ?? 1, sequence };
    return { first: this.#first, last, takeovers: this.#takeovers, ...(this.#snapshot && { snapshotAt: this.snapshotAt }) };
  }

  append(events: readonly string[]): void {
    for (const json of events) {
      const bytes = bytesOf(json);
      this.#entries.push({ json, event: undefined, bytes });
      this.#bytes += bytes;
    }
    this.#events += events.length;
  }

  takeOver(epoch: number): void {
    this.#takeovers.push({ epoch, base: this.last });
    this.#entries.push(undefined);
    this.#bytes += entryBytes;
  }

  /** The event at a sequence; undefined where there is none, or none any more. */
  read(sequence: number): StoredEvent | undefined {
    return this.#event(this.#entries[sequence - this.#first], sequence);
  }

  readSnapshot(): StoredEvent | undefined {
    return this.#event(this.#snapshot, this.snapshotAt);
  }

  /** All that was said up to a sequence, as one event. */
  sumUp(sequence: number): StoredEvent {
    return { ...snapshotEventOf(this.#upTo(sequence)), cursor: this.#cursor(sequence) } as StoredEvent;
  }

  /** The last sequence before `finish`, for which no snapshot stands: whoever reads is told it. */
  get contentEnd(): number {
    let sequence = this.last;
    while (sequence >= this.#first && this.#entries[sequence - this.#first] === undefined) sequence--;
    return this.read(sequence)?.type === 'finish' ? sequence - 1 : this.last;
  }

  /** How many bytes more a snapshot takes than what it stands for. */
  growth(sequence: number, snapshot: string): number {
    return bytesOf(snapshot) - this.#bytesUpTo(sequence);
  }

  rotate(sequence: number, snapshot: string): void {
    this.#bytes += this.growth(sequence, snapshot);
    const removed = this.#entries.splice(0, sequence - this.#first + 1);
    this.#events -= removed.filter((entry) => entry !== undefined).length - (this.#snapshot ? 0 : 1);
    this.#snapshot = { json: snapshot, event: undefined, bytes: bytesOf(snapshot) };
    this.#first = sequence + 1;
  }

  /** Makes everything up to `finish` one snapshot, where that is smaller. */
  compact(): void {
    const sequence = this.contentEnd;
    if (sequence < this.#first) return;
    const snapshot = serializeEvent(snapshotEventOf(this.#upTo(sequence)));
    if (this.growth(sequence, snapshot) < 0) this.rotate(sequence, snapshot);
  }

  *#upTo(sequence: number): Iterable<StoredEvent> {
    const snapshot = this.readSnapshot();
    if (snapshot) yield snapshot;
    for (let each = this.#first; each <= sequence; each++) {
      const event = this.read(each);
      if (event) yield event;
    }
  }

  #bytesUpTo(sequence: number): number {
    let bytes = this.#snapshot?.bytes ?? 0;
    for (let index = sequence - this.#first; index >= 0; index--) bytes += this.#entries[index]?.bytes ?? entryBytes;
    return bytes;
  }

  #event(entry: Entry | undefined, sequence: number): StoredEvent | undefined {
    if (entry?.json === undefined) return entry?.event;
    entry.event = Object.assign(parseEvent(entry.json), { cursor: this.#cursor(sequence) });
    entry.json = undefined;
    return entry.event;
  }

  #cursor(sequence: number): string {
    return formatCursor({ epoch: this.#takeovers.findLast(({ base }) => base < sequence)?.epoch ?? 1, sequence });
  }
}
