import { type EventLike, isContentEvent } from '../core/event.ts';
import { AppendQueue, type UnloggedEvent } from './append-queue.ts';
import { LoggedAnswer } from './logged-answer.ts';
import { type Persistence, persist } from './persist.ts';
import type { EndOfAnswer } from './producer-config.ts';
import type { StreamOutcome, StreamProgress } from './stream-record.ts';
import type { HolderReply, StreamHolder, StreamStore } from './stream-store.ts';

/** What a writer writes to, and goes on from. */
export interface LogWriterConfig {
  readonly store: StreamStore;
  readonly holder: StreamHolder;
  /** The sequence of the last entry in the log. */
  readonly last: number;
  /** What the log holds, where another process wrote it. */
  readonly events: readonly EventLike[];
  readonly progress: (of: Pick<StreamProgress, 'sequence' | 'hasToolCall' | 'hasContent'>) => StreamProgress;
  readonly persistence: Persistence;
}

/**
 * Writes events into the log of a stream: one append on its way at a time, what comes meanwhile is the next one, and a snapshot for what is
 * too long. Each step resolves with the store's word, or with `undefined` where nobody wants to know any more.
 */
export class LogWriter {
  readonly #config: LogWriterConfig;
  readonly #queue: AppendQueue;
  readonly #answer: LoggedAnswer;
  /** The sequence of the last entry that is known to be in the log. */
  #logged: number;

  constructor(config: LogWriterConfig) {
    this.#config = config;
    this.#logged = config.last;
    this.#queue = new AppendQueue(config.last);
    this.#answer = new LoggedAnswer(config.store.limits);
    for (const event of config.events) this.#answer.add(event);
  }

  /** Whether the log has everything. */
  get isDone(): boolean {
    return this.#queue.isEmpty;
  }

  /** Whether the store has yet to answer. */
  get isWaiting(): boolean {
    return this.#queue.isOnItsWay;
  }

  /** Of what the log does not have, two for each character. */
  get bytes(): number {
    return this.#queue.bytes;
  }

  unlogged(): readonly UnloggedEvent[] {
    return this.#queue.unlogged();
  }

  /** @throws ProviderError for an event that JSON cannot hold. */
  push(event: EventLike): UnloggedEvent {
    return this.#queue.push(event);
  }

  /** What is not logged never will be. */
  discard(): void {
    this.#queue.clear();
  }

  async append(): Promise<HolderReply | undefined> {
    const { store, holder, persistence } = this.#config;
    const batch = this.#queue.batch(() => this.#progress());
    const reply = await persist(() => store.append(holder, batch), persistence);
    if (reply !== 'ok') return reply;
    this.#logged = batch.sequence + batch.events.length - 1;
    this.#queue.acknowledge().forEach(({ event }, index) => {
      this.#answer.add(event, 2 * (batch.events[index] as string).length);
    });
    // The end of an answer stays an event: who comes late must be told of it.
    const isOver = this.#answer.finishReason !== undefined;
    return this.#answer.isTooLong && !isOver ? this.#rotate() : reply;
  }

  release(): Promise<HolderReply | undefined> {
    const { store, holder, persistence } = this.#config;
    return persist(() => store.release(holder), persistence);
  }

  seal(outcome: StreamOutcome, forgets: (end: EndOfAnswer) => boolean): Promise<HolderReply | undefined> {
    const { store, holder, persistence } = this.#config;
    const { finishReason, hasContent } = this.#answer;
    const forget = forgets({ outcome, finishReason, hasContent });
    const told = { ...outcome, ...(finishReason && { finishReason }) };
    return persist(() => store.seal(holder, { last: this.#logged, outcome: told, forget }), persistence);
  }

  #rotate(): Promise<HolderReply | undefined> {
    const { store, holder, persistence } = this.#config;
    const [sequence, snapshot] = [this.#logged, this.#answer.snapshot()];
    return persist(() => store.rotate(holder, { sequence, snapshot }), persistence);
  }

  #progress(): StreamProgress {
    const isCall = ({ event }: UnloggedEvent): boolean => event.type === 'tool-call';
    const unlogged = this.#queue.unlogged();
    return this.#config.progress({
      sequence: this.#queue.last,
      hasToolCall: this.#answer.hasToolCall || unlogged.some(isCall),
      hasContent: this.#answer.hasContent || unlogged.some(({ event }) => isContentEvent(event)),
    });
  }
}
