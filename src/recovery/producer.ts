import { type Observable, Subject, type Subscription, takeUntil } from 'rxjs';
import type { EventLike } from '../core/event.ts';
import { FlowGate, withFlowGate } from '../core/flow-gate.ts';
import { isProviderError, ProviderError } from '../core/provider-error.ts';
import { renewLease } from './lease-renewal.ts';
import { LocalFeed } from './local-feed.ts';
import { LogWriter } from './log-writer.ts';
import type { ProducerConfig, ProducerEnd } from './producer-config.ts';
import { cancelledOutcome, outcomeOf, storeUnavailable } from './store-errors.ts';
import type { StreamOutcome } from './stream-record.ts';
import type { HolderReply } from './stream-store.ts';

/**
 * Writes an answer into a store as it comes, and holds the stream while it does.
 *
 * Nothing it does depends on who reads. A producer that is fenced ends its request and writes nothing more.
 */
export class Producer {
  readonly feed: LocalFeed;
  readonly ended$: Observable<ProducerEnd>;
  readonly #config: ProducerConfig;
  readonly #writer: LogWriter;
  readonly #gate = new FlowGate();
  /** Ends the request, also one that answers while it is being made. */
  readonly #stop = new Subject<void>();
  readonly #lease: Subscription;
  readonly #ended = new Subject<ProducerEnd>();
  /** What is to be done once everything is logged. */
  #ending: StreamOutcome | 'release' | undefined;
  #end: ProducerEnd | undefined;
  #isWorking = false;
  /** The log is left behind: the store was away for longer than memory lasts, or has lost the stream. */
  #isDetached = false;

  constructor(config: ProducerConfig) {
    this.#config = config;
    this.ended$ = this.#ended.asObservable();
    const { store, holder, last, events, lease, unwatchedFor, durability, patience } = config;
    const isPatient = durability === 'best-effort';
    this.#writer = new LogWriter({
      store,
      holder,
      last,
      events,
      progress: (logged) => {
        const { cursor, ...position } = config.position() ?? { provider: '', model: '', attempts: 0 };
        return { ...position, ...logged, ...(cursor !== undefined && { providerCursor: cursor }) };
      },
      persistence: {
        // In `best-effort`, an answer that still comes waits for no store.
        patience: () => (isPatient && !this.#ending ? Number.POSITIVE_INFINITY : patience),
        failed: () => {
          if (isPatient) this.feed.open();
        },
        isWanted: () => !this.#end && !this.#isDetached,
      },
    });
    this.feed = new LocalFeed(() => this.#writer.unlogged());
    this.#lease = renewLease({
      store,
      holder,
      lease,
      unwatchedFor,
      refused: (reply) => this.#refused(reply),
      cancelled: () => this.cancel(),
    });
  }

  /** Whether nothing stands between two sequences but entries that are no events. */
  follows(last: number, next: number): boolean {
    const { last: taken, lastEvent } = this.#config;
    return next === last + 1 || (next === taken + 1 && last >= lastEvent);
  }

  run(events$: Observable<EventLike>): void {
    withFlowGate(this.#gate, () => {
      events$.pipe(takeUntil(this.#stop)).subscribe({
        next: (event) => this.#take(event),
        error: (error: unknown) => this.end(outcomeOf(error, this.#config.requestId)),
        complete: () => this.end({ status: 'done' }),
      });
    });
  }

  /** Ends the request, at its provider too, and seals the stream as cancelled. */
  cancel(): void {
    const position = this.#config.position();
    if (position && !this.#end && !this.#ending) this.#config.cancelled(position);
    this.end(cancelledOutcome(this.#config.requestId));
  }

  /** Ends the request, and once everything is logged seals the stream, or gives it back. */
  end(as: StreamOutcome | 'release'): void {
    if (this.#end || this.#ending) return;
    this.#ending = as;
    this.#stop.next();
    this.#work();
  }

  #take(event: EventLike): void {
    if (this.#end || this.#ending) return;
    const waiting = this.#writer.bytes;
    try {
      this.feed.next(this.#writer.push(event));
    } catch (error) {
      this.end(outcomeOf(error, this.#config.requestId));
      return;
    }
    if (this.#isDetached) this.#writer.discard();
    else if (this.#writer.bytes > this.#config.maxUnloggedBytes) this.#slowDown(waiting);
    this.#work();
  }

  /** More waits for the store than may, though one event alone may be as long as it is. */
  #slowDown(waiting: number): void {
    if (this.feed.isVolatile) this.#detach();
    else if (this.#gate.taken) this.#gate.close();
    else if (this.#writer.isWaiting && waiting > 2 * this.#config.maxUnloggedBytes) {
      const reason = 'the store is too slow for this stream';
      const overflow = new ProviderError({ category: 'buffer-overflow', phase: 'streaming', reason });
      this.end(outcomeOf(overflow, this.#config.requestId));
    }
  }

  #detach(): void {
    this.feed.open();
    this.#isDetached = true;
    this.#writer.discard();
    this.#lease.unsubscribe();
    this.#gate.reopen();
  }

  /** All events of a message come at once: they are one batch. */
  #work(): void {
    if (this.#isWorking || this.#end) return;
    this.#isWorking = true;
    queueMicrotask(() => {
      this.#logAll()
        .catch((error: unknown) => this.#giveUp(error))
        .finally(() => {
          this.#isWorking = false;
          if (!this.#writer.isDone || this.#ending) this.#work();
        });
    });
  }

  async #logAll(): Promise<void> {
    while (!this.#end && !this.#writer.isDone) {
      const reply = await this.#writer.append();
      if (reply !== undefined && reply !== 'ok') this.#refused(reply);
      if (this.#writer.isDone && !this.#isDetached) this.feed.close();
      if (this.#writer.bytes <= this.#config.maxUnloggedBytes / 2) this.#gate.reopen();
    }
    if (this.#end || !this.#ending) return;
    if (this.#isDetached) this.#finish('unavailable');
    else await this.#settle(this.#ending);
  }

  async #settle(ending: StreamOutcome | 'release'): Promise<void> {
    const isRelease = ending === 'release';
    const reply = await (isRelease ? this.#writer.release() : this.#writer.seal(ending, this.#config.forgets));
    this.#finish(reply === undefined || reply === 'ok' ? (isRelease ? 'released' : 'sealed') : reply);
  }

  #refused(reply: HolderReply): void {
    if (this.#end) return;
    if (reply === 'lost' && this.#config.durability === 'best-effort' && !this.#ending) this.#detach();
    else this.#finish(reply === 'ok' ? 'sealed' : reply);
  }

  #giveUp(error: unknown): void {
    const isFull = isProviderError(error) && error.category === 'limit-exceeded';
    if (isFull && !this.#writer.isDone) {
      // A record has room for how its stream ended, when the log has none for more.
      this.#stop.next();
      this.#writer.discard();
      this.#ending = outcomeOf(error, this.#config.requestId);
      return;
    }
    this.feed.fail(storeUnavailable(error));
    this.#finish('unavailable');
  }

  #finish(end: ProducerEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#stop.next();
    this.#lease.unsubscribe();
    this.#writer.discard();
    this.feed.complete();
    this.#ended.next(end);
    this.#ended.complete();
  }
}
