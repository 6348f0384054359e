import { type ErrorCategory, errorCategories } from '../core/error-category.ts';
import type { EventLike, ProviderEvent } from '../core/event.ts';
import { isObject } from '../core/json-value.ts';
import type { Decoder } from '../core/provider.ts';
import { type GaveUp, ProviderError } from '../core/provider-error.ts';
import { noUsage } from '../core/result-builder.ts';
import type { SseMessage } from '../core/transport.ts';
import { formatRelayCursor, type RelayCursor } from './relay-cursor.ts';
import { parseRelayedEvent } from './relayed-event.ts';

type Finish = Extract<ProviderEvent, { readonly type: 'finish' }>;

/**
 * Turns the messages of a relay back into events.
 *
 * The end is the end marker and nothing else: `finish` is held back until it comes, and asked for again where it does not.
 */
export class RelayDecoder implements Decoder {
  /** Not set where the stream cannot be read again, or is over. */
  #location: string | undefined;
  #id: string;
  /** Events since that id that had none. */
  #unlogged = 0;
  /** Events that were told before they were logged, and are about to come with their ids. */
  #known: number;
  /** Of the answer that is told; another may begin behind it. */
  #finish: Finish | undefined;

  /** @param from Where the stream is read again; `undefined` where it cannot be. */
  constructor(from: RelayCursor | undefined) {
    this.#location = from?.location;
    this.#id = from?.id ?? '';
    this.#known = from?.unlogged ?? 0;
  }

  get cursor(): string | undefined {
    if (this.#location === undefined) return undefined;
    return formatRelayCursor({ location: this.#location, id: this.#id, unlogged: this.#unlogged + this.#known });
  }

  /** Whether the stream had a `finish` of its own. */
  get hasFinish(): boolean {
    return this.#finish !== undefined;
  }

  decode({ data, id }: SseMessage): readonly ProviderEvent[] {
    if (data === '') return [];
    const event = parseRelayedEvent(data);
    switch (event.type) {
      case 'end':
        return [this.#finish ?? unknownFinish];
      case 'error':
        // The stream is over: whoever asked for the rest of it would be told the same.
        this.#location = undefined;
        // What goes wrong behind a whole answer takes nothing from it.
        if (this.#finish) return [this.#finish];
        throw relayedError(event.error, 'attempts');
      case 'finish':
        // The place before it is where the stream goes on, should the end marker not come.
        this.#finish = event as unknown as Finish;
        return [];
      case 'start':
        this.#finish = undefined;
        break;
      case 'restart':
        this.#finish = undefined;
        event.error = relayedError(event.error);
        break;
      case 'retry':
        event.error = relayedError(event.error);
    }
    if (this.#isKnown(event, id)) return [];
    if (id !== '') event.cursor = id;
    return [event as unknown as ProviderEvent];
  }

  /** Takes the place of an event. Content that is begun anew, or told as a whole, is nothing that is known. */
  #isKnown({ type }: EventLike, id: string): boolean {
    if (id === '') {
      this.#unlogged++;
    } else {
      this.#id = id;
      this.#unlogged = 0;
    }
    if (type === 'restart' || type === 'snapshot') this.#known = 0;
    if (this.#known === 0) return false;
    this.#known--;
    return true;
  }
}

/** A stream of somebody's own events need have no `finish`; the relay says that it is complete. */
const unknownFinish: Finish = { type: 'finish', finishReason: 'other', rawFinishReason: '', usage: noUsage };

/**
 * The error of a stream, as far as an end user may know it.
 *
 * @param gaveUp Why there is no further attempt at one that may be tried again: the server has made them.
 */
export function relayedError(value: unknown, gaveUp?: GaveUp): ProviderError {
  const told = isObject(value) ? value : {};
  return new ProviderError({
    gaveUp: told.retryable === false ? gaveUp && 'not-retryable' : gaveUp,
    category: categoryOf(told.category) ?? 'unknown',
    phase: 'streaming',
    retryable: typeof told.retryable === 'boolean' ? told.retryable : undefined,
    retryAfterMs: typeof told.retryAfterMs === 'number' ? told.retryAfterMs : undefined,
    providerRequestId: typeof told.requestId === 'string' && told.requestId !== '' ? told.requestId : undefined,
  });
}

/** A category of ours, or `undefined`. */
export function categoryOf(value: unknown): ErrorCategory | undefined {
  return typeof value === 'string' && Object.hasOwn(errorCategories, value) ? (value as ErrorCategory) : undefined;
}
