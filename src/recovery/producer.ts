import { type Observable, Subject, Subscription } from 'rxjs';
import type { EventLike } from '../core/event.ts';
import { FlowGate, withFlowGate } from '../core/flow-gate.ts';
import { isProviderError, ProviderError } from '../core/provider-error.ts';
import { AppendQueue } from './append-queue.ts';
import { renewLease } from './lease-renewal.ts';
import { LocalFeed } from './local-feed.ts';
import { LoggedAnswer } from './logged-answer.ts';
import { type Persistence, persist } from './persist.ts';
import type { ProducerConfig, ProducerEnd } from './producer-config.ts';
import { cancelledOutcome, producerLostCode, storeUnavailable } from './store-errors.ts';
import type { StreamOutcome, StreamProgress } from './stream-record.ts';
import type { HolderReply } from './stream-store.ts';

/**
 * Writes an answer into a store as it comes, and holds the stream while it does.
 *
 * Nothing it does depends on who reads. One append is on its way at a time; what comes meanwhile is the next one. A producer that is
 * fenced ends its request and writes nothing more.
 */
export class Producer {
  readonly feed: LocalFeed;
  readonly #config: ProducerConfig;
  readonly #queue: AppendQueue;
  readonly #answer: LoggedAnswer;
  readonly #gate = new FlowGate();
  readonly #upstream = new Subscription();
  readonly #lease: Subscription;
  readonly #ended = new Subject<ProducerEnd>();
  /** Of the last entry that is known to be in the log. */
  #logged: number;
  #bytesOfBatch = 0;
  /** What is to be done once everything is logged. */
  #ending: StreamOutcome | 'release' | undefined;
  #isWorking = false;
  /** The log is left behind: the store was away for longer than memory lasts, or has lost the stream. */
  #isDetached = false;
  #end: ProducerEnd | undefined;

  constructor(config: ProducerConfig) {
    const { store, holder, lease, unwatchedFor } = config;
    this.#config = config;
    this.#logged = config.last;
    this.#queue = new AppendQueue(config.last);
    this.#answer = new LoggedAnswer(store.limits);
    for (const event of config.events) this.#answer.add(event);
    this.feed = new LocalFeed(() => this.#queue.unlogged());
    this.#lease = renewLease({
      store,
      holder,
      lease,
      unwatchedFor,
      refused: (reply) => this.#refused(reply),
      cancelled: () => this.cancel(),
    });
  }

  /** How it ended, once it has. */
  get ended$(): Observable<ProducerEnd> {
    return this.#ended.asObservable();
  }

  /** Whether nothing stands between two sequences but entries that are no events. */
  follows(last: number, next: number): boolean {
    const { last: taken, lastEvent } = this.#config;
    return next === last + 1 || (next === taken + 1 && last >= lastEvent);
  }

  run(events$: Observable<EventLike>): void {
    withFlowGate(this.#gate, () => {
      this.#upstream.add(
        events$.subscribe({
          next: (event) => this.#take(event),
          error: (error: unknown) => this.#endWith(outcomeOf(error, this.#config.requestId)),
          complete: () => this.#endWith({ status: 'done' }),
        }),
      );
    });
  }

  /** Ends the request and seals the stream as cancelled. */
  cancel(): void {
    this.#endWith(cancelledOutcome(this.#config.requestId));
  }

  /** Ends the request, and gives the stream back as far as it is; or seals it. */
  leave(as: 'release' | StreamOutcome): void {
    this.#endWith(as);
  }

  #take(event: EventLike): void {
    if (this.#end || this.#ending) return;
    try {
      this.feed.next(this.#queue.push(event));
    } catch (error) {
      this.#endWith(outcomeOf(error, this.#config.requestId));
      return;
    }
    if (this.#isDetached) this.#queue.clear();
    else if (this.#queue.bytes > this.#config.maxUnloggedBytes) this.#slowDown();
    this.#work();
  }

  /** More waits than may. */
  #slowDown(): void {
    if (this.feed.isVolatile) this.#detach();
    else if (this.#gate.taken) this.#gate.close();
    else if (this.#queue.bytes > 2 * this.#config.maxUnloggedBytes) {
      const overflow = new ProviderError({
        category: 'buffer-overflow',
        phase: 'streaming',
        reason: 'the store is too slow for this stream',
      });
      this.#endWith(outcomeOf(overflow, this.#config.requestId));
    }
  }

  #detach(): void {
    this.feed.open();
    this.#isDetached = true;
    this.#queue.clear();
    this.#lease.unsubscribe();
  }

  #endWith(ending: StreamOutcome | 'release'): void {
    if (this.#end || this.#ending) return;
    this.#ending = ending;
    this.#upstream.unsubscribe();
    this.#work();
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
          if (!this.#end && (!this.#queue.isEmpty || this.#ending)) this.#work();
        });
    });
  }

  async #logAll(): Promise<void> {
    while (!this.#end && !this.#isDetached && !this.#queue.isEmpty) await this.#append();
    if (this.#end || !this.#ending || !this.#queue.isEmpty) return;
    if (this.#isDetached) this.#finish('unavailable');
    else await this.#settle(this.#ending);
  }

  async #append(): Promise<void> {
    const { store, holder } = this.#config;
    const batch = this.#queue.batch(() => this.#progress());
    this.#bytesOfBatch = batch.events.reduce((bytes, { length }) => bytes + 2 * length, 0);
    const reply = await persist(() => store.append(holder, batch), this.#persistence());
    if (reply === undefined) return;
    if (reply !== 'ok') {
      this.#refused(reply);
      return;
    }
    this.#logged = batch.sequence + batch.events.length - 1;
    const events = this.#queue.acknowledge();
    for (const { event } of events) this.#answer.add(event, this.#bytesOfBatch / events.length);
    if (this.#queue.isEmpty) this.feed.close();
    if (this.#queue.bytes <= this.#config.maxUnloggedBytes / 2) this.#gate.reopen();
    if (this.#answer.isTooLong) await this.#rotate();
  }

  async #rotate(): Promise<void> {
    const { store, holder } = this.#config;
    const [sequence, snapshot] = [this.#logged, this.#answer.snapshot()];
    const reply = await persist(() => store.rotate(holder, { sequence, snapshot }), this.#persistence());
    if (reply && reply !== 'ok') this.#refused(reply);
  }

  async #settle(ending: StreamOutcome | 'release'): Promise<void> {
    const { store, holder, forgets } = this.#config;
    const last = this.#logged;
    if (ending === 'release') {
      const reply = await persist(() => store.release(holder), this.#persistence());
      this.#finish(reply === undefined || reply === 'ok' ? 'released' : reply);
      return;
    }
    const { finishReason, hasContent } = this.#answer;
    const forget = forgets({ outcome: ending, finishReason, hasContent });
    const reply = await persist(() => store.seal(holder, { last, outcome: ending, forget }), this.#persistence());
    this.#finish(reply === undefined || reply === 'ok' ? 'sealed' : reply);
  }

  /** In `best-effort`, an answer that is still coming waits for no store. */
  #persistence(): Persistence {
    const { durability, patience } = this.#config;
    const isPatient = durability === 'best-effort';
    return {
      patience: () => (isPatient && !this.#ending ? Number.POSITIVE_INFINITY : patience),
      failed: () => {
        if (isPatient) this.feed.open();
      },
      isWanted: () => !this.#end && !this.#isDetached,
    };
  }

  #refused(reply: HolderReply): void {
    if (this.#end) return;
    if (reply === 'lost' && this.#config.durability === 'best-effort' && !this.#ending) {
      this.#detach();
      return;
    }
    this.#finish(reply === 'ok' ? 'sealed' : reply);
  }

  #giveUp(error: unknown): void {
    if (this.#end) return;
    const isFull = isProviderError(error) && error.category === 'limit-exceeded';
    if (isFull && !(this.#ending && this.#queue.isEmpty)) {
      // A record has room for how it ended.
      this.#upstream.unsubscribe();
      this.#queue.clear();
      this.#ending = outcomeOf(error, this.#config.requestId);
      return;
    }
    this.feed.fail(storeUnavailable(error));
    this.#finish('unavailable');
  }

  #finish(end: ProducerEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#upstream.unsubscribe();
    this.#lease.unsubscribe();
    this.#queue.clear();
    this.feed.complete();
    this.#ended.next(end);
    this.#ended.complete();
  }

  #progress(): StreamProgress {
    const { provider = '', model = '', attempts = 0, cursor } = this.#config.position() ?? {};
    const hasToolCall = this.#answer.hasToolCall || this.#queue.unlogged().some(({ event }) => event.type === 'tool-call');
    return { sequence: this.#queue.last, provider, model, attempts, hasToolCall, ...(cursor !== undefined && { providerCursor: cursor }) };
  }
}

function outcomeOf(error: unknown, requestId: string): StreamOutcome {
  const failure = isProviderError(error) ? error : new ProviderError({ category: 'unknown', phase: 'local', requestId, cause: error });
  const { code, partial } = failure;
  const status = failure.category === 'cancelled' ? 'cancelled' : code === producerLostCode ? 'interrupted' : 'error';
  return { status, error: failure.toPublic(), ...(code && { code }), ...(partial && { usage: partial.usage }) };
}
