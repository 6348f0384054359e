import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';
import type { Decoder } from '../core/provider.ts';
import type { SseMessage } from '../core/transport.ts';
import { GeminiAnswer } from './gemini-answer.ts';
import { isDoneMarker, isErrorMessage, parseMessage } from './message-data.ts';
import { eventsThenError, reportedError } from './stream-errors.ts';

/**
 * Decodes the chunks of `streamGenerateContent`.
 *
 * The only sign of the end is a candidate's `finishReason`. The answer ends with it when the usage has come, in the same chunk or after it, and
 * earlier content had none; else with the clean end of the body, or a gateway's `[DONE]`. A body that ends before it is no end.
 */
export class GeminiDecoder implements Decoder {
  readonly #answer = new GeminiAnswer();
  /** Handed out by every call and consumed before the next, so that a delta costs no array. */
  readonly #events = this.#answer.events;
  #ended = false;

  /** The array is reused by the next call. */
  decode(message: SseMessage): Iterable<ProviderEvent> {
    const events = this.#events;
    while (events.length > 0) events.pop();
    if (this.#ended) return events;
    if (isDoneMarker(message.data)) return this.end();
    try {
      const chunk = parseMessage(message);
      if (chunk !== undefined) this.#read(chunk, message.event);
      else for (const each of listOf(message.data)) this.#read(each, message.event);
    } catch (error) {
      return eventsThenError(events, error);
    }
    return events;
  }

  end(): Iterable<ProviderEvent> {
    const events = this.#events;
    while (events.length > 0) events.pop();
    if (this.#ended || this.#answer.finishReason === undefined) return events;
    this.#ended = true;
    try {
      this.#answer.end();
    } catch (error) {
      return eventsThenError(events, error);
    }
    return events;
  }

  #read(chunk: JsonObject, event: string): void {
    if (this.#ended) return;
    this.#answer.read(chunk);
    if (isErrorMessage(event, chunk)) throw reportedError(chunk);
    if (!this.#answer.isOver) return;
    this.#ended = true;
    this.#answer.end();
  }
}

/** Without `alt=sse` the chunks are an array; a gateway may send it, or an error in one, as a message. */
function listOf(data: string): JsonObject[] {
  if (!data.trimStart().startsWith('[')) return [];
  try {
    const list: unknown = JSON.parse(data);
    return Array.isArray(list) ? list.filter(isObject) : [];
  } catch {
    // A keep-alive that only looks like one.
    return [];
  }
}
