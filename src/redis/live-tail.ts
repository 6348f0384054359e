import { defaults, ProviderError } from '../index.ts';
import { type CursorPosition, streamLost } from '../recovery/store.ts';
import type { BlockingSource, SourceCheck } from './blocking-source.ts';
import type { StreamKeys } from './keys.ts';
import { idOf, type LogEntry, type RawEntry, readEntry } from './log-entry.ts';

/** Who reads what a tail has. */
export interface TailReader {
  /** There is more. */
  advance(): void;
  /** What was read may be no part of the log any more. */
  replan(): void;
  fail(failure: ProviderError): void;
}

/** The end of a log as it grows, read and parsed once for all readers of this process. */
export class LiveTail implements BlockingSource {
  readonly key: string;
  readonly readers = new Set<TailReader>();
  readonly check: SourceCheck;
  #last: CursorPosition;
  #recent: LogEntry[] = [];
  #characters = 0;
  readonly #onEnd: () => void;

  constructor({ record, log }: StreamKeys, last: CursorPosition, lease: number, onEnd: () => void) {
    this.key = log;
    this.#last = last;
    this.#onEnd = onEnd;
    const check = {
      recordKey: record,
      every: period(lease),
      accept: (status: string, sequence: number, nextLease: number) => {
        check.every = period(nextLease);
        this.#look(status, sequence);
      },
    };
    this.check = check;
  }

  get position(): string {
    return idOf(this.#last);
  }

  /** The entries after a sequence; none where there are none yet; `undefined` where they are no longer here. */
  after(sequence: number): readonly LogEntry[] | undefined {
    if (sequence >= this.#last.sequence) return [];
    const [first] = this.#recent;
    return first && first.sequence <= sequence + 1 ? this.#recent.slice(sequence + 1 - first.sequence) : undefined;
  }

  accept(entries: readonly RawEntry[]): void {
    try {
      for (const raw of entries) this.#add(raw);
    } catch (cause) {
      const reason = 'the log holds what is no event';
      this.fail(new ProviderError({ category: 'protocol', phase: 'local', code: 'not-json', reason, cause }));
      return;
    }
    for (const reader of [...this.readers]) reader.advance();
    this.#trim();
  }

  fail(failure: ProviderError): void {
    this.#onEnd();
    for (const reader of [...this.readers]) reader.fail(failure);
  }

  #add(raw: RawEntry): void {
    const entry = readEntry(raw);
    if (!entry || entry.sequence <= this.#last.sequence) return;
    // Entries that a snapshot has taken the place of: who wants them has to look for it.
    if (entry.sequence > this.#last.sequence + 1) this.#forget();
    this.#recent.push(entry);
    this.#characters += entry.size;
    this.#last = entry;
    if (entry.outcome !== undefined) this.#onEnd();
  }

  /** After those who keep up have had it: the others ask Redis. */
  #trim(): void {
    const { maxRecent, maxRecentCharacters } = defaults.redis;
    let dropped = 0;
    while (this.#recent.length - dropped > maxRecent || this.#characters > maxRecentCharacters) {
      this.#characters -= this.#recent[dropped++]?.size ?? 0;
    }
    if (dropped > 0) this.#recent = this.#recent.slice(dropped);
  }

  #look(status: string, sequence: number): void {
    if (status === 'absent' || status === 'lost') {
      this.fail(streamLost());
    } else if (sequence < this.#last.sequence) {
      // A Redis that has lost its last seconds.
      this.#last = { epoch: 1, sequence };
      this.#forget();
      for (const reader of [...this.readers]) reader.replan();
    }
  }

  #forget(): void {
    this.#recent = [];
    this.#characters = 0;
  }
}

/** How often a record is looked at: once a lease, but neither all the time nor hardly ever. */
function period(lease: number): number {
  return Math.min(defaults.redis.maxCheck, Math.max(defaults.redis.minCheck, lease));
}
