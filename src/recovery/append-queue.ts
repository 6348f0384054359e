import type { EventLike } from '../core/event.ts';
import { serializeEvent } from './event-json.ts';
import type { StreamProgress } from './stream-record.ts';
import type { StreamBatch } from './stream-store.ts';

/** An event that the log does not have yet, so far as is known. */
export interface UnloggedEvent {
  readonly sequence: number;
  readonly event: EventLike;
}

/**
 * What a producer has to say and the log has not acknowledged: one batch on its way, frozen until its fate is known, and what came since.
 *
 * Events that come while a batch is on its way are the next batch, so that a slow store makes batches larger, not latency longer.
 */
export class AppendQueue {
  #onItsWay: readonly UnloggedEvent[] = [];
  #waiting: (UnloggedEvent & { readonly json: string })[] = [];
  #batch: StreamBatch | undefined;
  #next: number;
  #bytes = 0;
  #bytesOnTheirWay = 0;

  /** @param last The sequence of the last entry in the log. */
  constructor(last: number) {
    this.#next = last + 1;
  }

  /** The sequence of the last event that was given. */
  get last(): number {
    return this.#next - 1;
  }

  /** Of all that is not acknowledged, two for each character. */
  get bytes(): number {
    return this.#bytes;
  }

  get isOnItsWay(): boolean {
    return this.#batch !== undefined;
  }

  get isEmpty(): boolean {
    return this.#batch === undefined && this.#waiting.length === 0;
  }

  /** @throws ProviderError for an event that JSON cannot hold. */
  push(event: EventLike): UnloggedEvent {
    const json = serializeEvent(event);
    const unlogged = { sequence: this.#next++, event, json };
    this.#waiting.push(unlogged);
    this.#bytes += 2 * json.length;
    return unlogged;
  }

  /** The batch whose fate is unknown; or all that waits, as the next one. */
  batch(progress: () => StreamProgress): StreamBatch {
    if (this.#batch) return this.#batch;
    const events = this.#waiting;
    this.#waiting = [];
    this.#onItsWay = events.map(({ sequence, event }) => ({ sequence, event }));
    this.#bytesOnTheirWay = this.#bytes;
    this.#batch = { sequence: events[0]?.sequence ?? this.#next, events: events.map(({ json }) => json), progress: progress() };
    return this.#batch;
  }

  /** The batch is in the log. */
  acknowledge(): readonly UnloggedEvent[] {
    const events = this.#onItsWay;
    this.#onItsWay = [];
    this.#batch = undefined;
    this.#bytes -= this.#bytesOnTheirWay;
    this.#bytesOnTheirWay = 0;
    return events;
  }

  /** All that is not acknowledged, in order. */
  unlogged(): readonly UnloggedEvent[] {
    return [...this.#onItsWay, ...this.#waiting];
  }

  /** Nothing of it will ever be logged. */
  clear(): void {
    this.#waiting = [];
    this.acknowledge();
    this.#bytes = 0;
  }
}
