import type { ProviderEvent, RateLimitSnapshot } from '../core/event.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';
import type { Decoder } from '../core/provider.ts';
import type { ResponseHead, SseMessage } from '../core/transport.ts';
import { AnthropicAnswer } from './anthropic-answer.ts';
import { DeltaTemplate, type ReadMembers } from './delta-template.ts';
import { isDoneMarker, isErrorMessage, parseMessage } from './message-data.ts';
import { anthropicRateLimits } from './rate-limit-headers.ts';
import { eventsThenError, reportedError } from './stream-errors.ts';

const deltaOf = (parsed: unknown) => (isObject(parsed) && isObject(parsed.delta) ? parsed.delta : undefined);
const readText = (parsed: unknown) => deltaOf(parsed)?.text;
const readThinking = (parsed: unknown) => deltaOf(parsed)?.thinking;

/** Of the deltas of blocks: those of the message are never learned from, but read all the same. */
const readOfDelta: ReadMembers = {
  type: true,
  text: true,
  thinking: true,
  signature: true,
  partial_json: true,
  citation: true,
  stop_reason: true,
  stop_details: true,
  // A summary is kept whole.
  content: true,
};
/** What is read of an event; the members at the end because they may say that it is an error. */
export const anthropicReads: ReadMembers = {
  type: true,
  index: true,
  delta: readOfDelta,
  message: true,
  content_block: true,
  usage: true,
  error: true,
  object: true,
  choices: true,
  detail: true,
  errors: true,
};

/**
 * Decodes the events of a message.
 *
 * The end is `message_stop`, after a stop reason or after content; or, after a stop reason, a clean end of the body or a gateway's `[DONE]`,
 * for proxies that cut the last event off.
 */
export class AnthropicDecoder implements Decoder {
  readonly #limits: RateLimitSnapshot[];
  readonly #template: DeltaTemplate | null;
  readonly #answer = new AnthropicAnswer();
  /** Handed out by every call and consumed before the next, so that a delta costs no array. */
  readonly #events = this.#answer.events;
  #ended = false;

  constructor(head: ResponseHead, template: DeltaTemplate | null = new DeltaTemplate(anthropicReads, head)) {
    this.#limits = anthropicRateLimits(head.headers);
    this.#template = template;
  }

  begin(): ProviderEvent[] {
    return this.#limits.length > 0 ? [{ type: 'rate-limits', limits: this.#limits }] : [];
  }

  /** The array is reused by the next call. */
  decode(message: SseMessage): Iterable<ProviderEvent> {
    const events = this.#events;
    while (events.length > 0) events.pop();
    if (this.#ended) return events;
    const known = this.#template?.match(message);
    if (known !== undefined) {
      events.push(known);
      return events;
    }
    if (isDoneMarker(message.data)) return this.end();
    const body = parseMessage(message);
    if (body === undefined) return events;
    if (isErrorMessage(message.event, body)) throw reportedError(body);
    const type = typeof body.type === 'string' ? body.type : message.event;
    if (type === 'message_stop') return this.#answer.begun ? this.#end() : events;
    this.#answer.read(type, body);
    this.#offer(message, body);
    return events;
  }

  end(): Iterable<ProviderEvent> {
    const events = this.#events;
    while (events.length > 0) events.pop();
    return !this.#ended && this.#answer.stopReason !== undefined ? this.#end() : events;
  }

  #offer(message: SseMessage, body: JsonObject): void {
    const template = this.#template;
    if (template === null) return;
    if (this.#answer.changed) {
      template.forget();
    } else if (this.#events.length === 1) {
      const event = this.#events[0];
      if (event?.type === 'text-delta') template.learn(message, body, event, readText);
      else if (event?.type === 'reasoning-delta') template.learn(message, body, event, readThinking);
    }
  }

  #end(): Iterable<ProviderEvent> {
    this.#ended = true;
    this.#template?.forget();
    try {
      this.#answer.end();
    } catch (error) {
      return eventsThenError(this.#events, error);
    }
    return this.#events;
  }
}
