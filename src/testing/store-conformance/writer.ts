import type {
  EventLike,
  HolderReply,
  StreamBatch,
  StreamHolder,
  StreamOutcome,
  StreamProgress,
  StreamRecord,
  StreamStore,
} from '../../index.ts';
import { serializeEvent, snapshotOf } from '../../recovery/store.ts';
import { expectEqual } from './expect.ts';

const usage = { inputTokens: 3, outputTokens: 5, totalTokens: 8, estimated: false };

export function textDelta(text: string): EventLike {
  return { type: 'text-delta', id: '0', text } as EventLike;
}

/** Somebody who holds a stream and writes to it. */
export class Writer {
  readonly holder: StreamHolder;
  readonly requestId: string;
  /** The sequence of the last entry. */
  last: number;
  readonly #store: StreamStore;
  readonly #said: EventLike[] = [];

  constructor(store: StreamStore, { id, epoch, last, requestId }: StreamRecord) {
    this.#store = store;
    this.holder = { id, epoch };
    this.last = last;
    this.requestId = requestId;
  }

  get id(): string {
    return this.holder.id;
  }

  /** What would come next, not sent. */
  batch(events: readonly EventLike[], progress: Partial<StreamProgress> = {}): StreamBatch {
    const sequence = this.last + 1;
    const told = { sequence: this.last + events.length, provider: 'made-up', model: 'model-1', attempts: 1, hasToolCall: false };
    return { sequence, events: events.map(serializeEvent), progress: { ...told, ...progress } };
  }

  async write(events: readonly EventLike[], progress: Partial<StreamProgress> = {}): Promise<void> {
    const reply = await this.#store.append(this.holder, this.batch(events, progress));
    expectEqual(reply, 'ok', 'the reply to an append');
    this.last += events.length;
    this.#said.push(...events);
  }

  /** One batch of text. */
  say(...texts: readonly string[]): Promise<void> {
    return this.write(texts.map(textDelta));
  }

  finish(): Promise<void> {
    return this.write([{ type: 'finish', requestId: this.requestId, finishReason: 'stop', rawFinishReason: 'stop', usage } as EventLike]);
  }

  seal(outcome: StreamOutcome = { status: 'done' }, forget?: boolean): Promise<HolderReply> {
    return this.#store.seal(this.holder, { last: this.last, outcome, forget });
  }

  /** The end as it should be. */
  async end(): Promise<void> {
    await this.finish();
    expectEqual(await this.seal(), 'ok', 'the reply to a seal');
  }

  /** A snapshot of what was said so far takes the place of all of it. */
  async rotate(sequence = this.last, said: readonly EventLike[] = this.#said): Promise<HolderReply> {
    const snapshot = serializeEvent({ type: 'snapshot', result: snapshotOf(said) } as EventLike);
    return this.#store.rotate(this.holder, { sequence, snapshot });
  }

  /** Gives the stream back, as if the lease had run out. */
  async leave(): Promise<void> {
    expectEqual(await this.#store.release(this.holder), 'ok', 'the reply to a release');
  }
}
