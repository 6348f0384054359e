import type { Subscriber } from 'rxjs';
import { defaults, type FlowGate, type ProviderError, type StoredEvent } from '../index.ts';
import {
  type CursorPosition,
  errorOfOutcome,
  formatCursor,
  invalidCursor,
  planRead,
  replayGap,
  streamLost,
  streamNotFound,
} from '../recovery/store.ts';
import type { LiveTail, TailReader } from './live-tail.ts';
import { idOf, type LogEntry, readEntry } from './log-entry.ts';
import { epochAt, type OpenedStream, openStream, readPage, readSnapshot } from './opened-stream.ts';
import { Patience } from './patience.ts';
import type { RedisAccess } from './redis-access.ts';
import { failureOf } from './redis-failure.ts';
import { restartOf } from './restart-of.ts';
import { readOutcome } from './stored-record.ts';
import { sumUpLog } from './whole-log.ts';

/** Where a reader begins, and what it may use. */
export interface StreamReaderConfig {
  readonly access: RedisAccess;
  readonly id: string;
  readonly after: string | undefined;
  /** Whether its consumer wants more; without one it always does. */
  readonly gate: FlowGate | undefined;
  /** The live end of a log that is open. */
  readonly enter: (opened: OpenedStream) => LiveTail;
}

/** How often a place is looked for without a step forward. */
const maxPlans = 4;

/**
 * Somebody who reads a stream: a place in it. Pages of history first, then what the tail has; whoever falls behind the tail reads pages again.
 */
export class StreamReader implements TailReader {
  readonly #config: StreamReaderConfig;
  readonly #subscriber: Subscriber<StoredEvent>;
  readonly #patience: Patience;
  #opened: OpenedStream | undefined;
  #tail: LiveTail | undefined;
  /** What was read; not known before the first look. */
  #place: CursorPosition | undefined;
  #isPlanned = false;
  #isBusy = false;
  #plans = 0;
  /** Entries of a page: as many as fit into one reply, judged by the last page. */
  #page = defaults.redis.page / 4;

  constructor(config: StreamReaderConfig, subscriber: Subscriber<StoredEvent>) {
    this.#config = config;
    this.#subscriber = subscriber;
    this.#patience = new Patience(config.access.patience);
    const { gate } = config;
    if (gate) {
      gate.taken = true;
      subscriber.add(gate.onReopen(() => this.advance()));
    }
    subscriber.add(() => this.#stop());
  }

  advance(): void {
    if (this.#isBusy || this.#subscriber.closed) return;
    // Who keeps up goes on at once; a promise would cost a turn for each event.
    if (this.#isPlanned && this.#drain()) return;
    this.#isBusy = true;
    this.#read().catch((error) => this.fail(failureOf(error)));
  }

  replan(): void {
    this.#isPlanned = false;
    this.advance();
  }

  fail(failure: ProviderError): void {
    this.#subscriber.error(failure);
  }

  async #read(): Promise<void> {
    while (!this.#subscriber.closed) {
      if (!this.#isPlanned) await this.#plan();
      else if (this.#drain()) {
        // At once, lest somebody calls in between.
        this.#isBusy = false;
        return;
      } else await this.#readPage();
    }
  }

  /** What the tail has. Tells whether there is nothing to do until somebody calls. */
  #drain(): boolean {
    if (this.#config.gate?.open === false) return true;
    const entries = this.#tail?.after(this.#place?.sequence ?? 0);
    return entries !== undefined && this.#take(entries) && !this.#subscriber.closed;
  }

  async #plan(): Promise<void> {
    const { access, id, after, enter } = this.#config;
    if (++this.#plans > maxPlans) throw replayGap();
    const opened = await this.#patience.look(() => openStream(access, id));
    if (!opened) throw this.#opened?.record.state === 'held' || this.#opened?.record.state === 'expired' ? streamLost() : streamNotFound();
    if (this.#subscriber.closed) return;
    const { record, extent } = opened;
    this.#opened = opened;
    if (record.state === 'lost') throw streamLost();
    this.#isPlanned = true;
    if (record.state !== 'sealed') this.#tail ??= enter(opened);
    const plan = planRead(this.#place ? formatCursor(this.#place) : after, extent);
    if (plan.type === 'invalid') throw invalidCursor();
    if (plan.type === 'gap') throw replayGap();
    if (plan.type === 'entries') this.#place = { epoch: epochAt(plan.after, extent), sequence: plan.after };
    else await this.#replay(opened, plan.type);
    // The log of a stream that has ended may be gone before its record.
    if (this.#place?.sequence === record.last && record.outcome) this.#end(record.outcome);
  }

  async #replay(opened: OpenedStream, type: 'snapshot' | 'restart'): Promise<void> {
    const { access, id } = this.#config;
    const told = await this.#patience.look(async () => {
      if (type === 'restart') return sumUpLog(access, opened, defaults.redis.page);
      const snapshot = await readSnapshot(access, id);
      return snapshot && { ...snapshot, epoch: epochAt(snapshot.sequence, opened.extent) };
    });
    if (this.#subscriber.closed) return;
    if (!told) {
      this.#isPlanned = false;
      return;
    }
    if (type === 'restart') this.#subscriber.next(restartOf(opened.record));
    this.#place = { epoch: told.epoch, sequence: told.sequence };
    this.#subscriber.next(told.event);
  }

  async #readPage(): Promise<void> {
    const { access, id } = this.#config;
    const place = this.#place ?? { epoch: 0, sequence: 0 };
    const page = await this.#patience.look(() => readPage(access, id, idOf(place), this.#page));
    if (this.#subscriber.closed) return;
    const entries = page.map(readEntry).filter((entry) => entry !== undefined);
    this.#page = nextPage(entries);
    // Nothing, and yet the tail is further or there is none: what was here has gone.
    if (entries.length === 0 ? !this.#tail?.after(place.sequence) : !this.#take(entries)) this.#isPlanned = false;
  }

  /** Tells entries as long as they follow, and the consumer wants them. Tells whether they did. */
  #take(entries: readonly LogEntry[]): boolean {
    for (const entry of entries) {
      if (this.#subscriber.closed || this.#config.gate?.open === false) return true;
      const sequence = this.#place?.sequence ?? 0;
      if (entry.sequence <= sequence) continue;
      if (entry.sequence !== sequence + 1) return false;
      this.#plans = 0;
      if (entry.outcome !== undefined) {
        this.#end(readOutcome(entry.outcome, this.#opened?.record.requestId ?? ''));
        return true;
      }
      this.#place = { epoch: entry.epoch, sequence: entry.sequence };
      if (entry.event) this.#subscriber.next(entry.event);
    }
    return true;
  }

  #end(outcome: Parameters<typeof errorOfOutcome>[0]): void {
    const error = errorOfOutcome(outcome);
    if (error) this.#subscriber.error(error);
    else this.#subscriber.complete();
  }

  #stop(): void {
    this.#patience.end();
    this.#tail?.readers.delete(this);
  }
}

function nextPage(entries: readonly LogEntry[]): number {
  const { page, maxReply } = defaults.redis;
  const characters = entries.reduce((sum, { size }) => sum + size, 0);
  return Math.max(1, Math.min(page, Math.floor((maxReply * entries.length) / (characters + 1))));
}
