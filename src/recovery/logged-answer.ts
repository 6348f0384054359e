import { defaults } from '../core/defaults.ts';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { ResultBuilder } from '../core/result-builder.ts';
import { BoundedText } from '../policies/bounded-text.ts';
import { serializeEvent } from './event-json.ts';
import type { StreamLimits } from './stream-store.ts';

/** What a log says by now, and how much of it there is, so that a snapshot can take its place before it is too long. */
export class LoggedAnswer {
  readonly #builder = new ResultBuilder(() => new BoundedText(defaults.partial.maxCharacters));
  readonly #limits: StreamLimits;
  #events = 0;
  #bytes = 0;
  #finishReason: string | undefined;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  add(event: EventLike, bytes = 0): void {
    this.#builder.add(event);
    this.#events++;
    this.#bytes += bytes;
    if (event.type === 'finish') this.#finishReason = (event as Extract<StreamEvent, { type: 'finish' }>).finishReason;
  }

  get finishReason(): string | undefined {
    return this.#finishReason;
  }

  get hasContent(): boolean {
    return !this.#builder.isEmpty;
  }

  get hasToolCall(): boolean {
    return this.#builder.hasToolCalls;
  }

  get isTooLong(): boolean {
    return this.#events > this.#limits.maxEvents || this.#bytes > this.#limits.maxBytes;
  }

  /** The event that can stand for all of it. A snapshot that is itself beyond the limits gets no smaller: the next comes after as much again. */
  snapshot(): string {
    this.#events = 1;
    this.#bytes = 0;
    return serializeEvent(this.#builder.snapshotEvent());
  }
}
