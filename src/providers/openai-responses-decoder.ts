import type { ProviderEvent, RateLimitSnapshot } from '../core/event.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';
import type { Decoder } from '../core/provider.ts';
import type { ResponseHead, SseMessage } from '../core/transport.ts';
import { isDoneMarker, isErrorMessage, parseMessage } from './message-data.ts';
import { ResponsesAnswer } from './openai-responses-answer.ts';
import { isEndOfResponse } from './openai-responses-end.ts';
import { type ResponsesCursor, ResponsesSequence } from './openai-responses-sequence.ts';
import { openaiRateLimits } from './rate-limit-headers.ts';
import { eventsThenError, malformedStream, reportedError } from './stream-errors.ts';

/**
 * Decodes the events of a response.
 *
 * The end is `response.completed` or `response.incomplete`, and nothing else: neither a clean end of the body nor a gateway's `[DONE]`. An event
 * whose number has been read is dropped, unless it is an end or an error, which come once.
 */
export class OpenAIResponsesDecoder implements Decoder {
  readonly #limits: RateLimitSnapshot[];
  #sequence: ResponsesSequence;
  readonly #responseId = (): string => this.#sequence.responseId;
  #answer = new ResponsesAnswer(this.#responseId);
  /** Handed out by every call and consumed before the next, so that a delta costs no array. */
  readonly #events = this.#answer.events;
  #hasDelivered = false;
  #ended = false;

  /** @param from Where the stream was taken up again: what came before was delivered by another. Default: it begins with the response. */
  constructor(head: ResponseHead, from?: ResponsesCursor) {
    this.#limits = openaiRateLimits(head.headers);
    this.#sequence = new ResponsesSequence(from);
    if (from !== undefined) this.#answer.joinLate();
  }

  get cursor(): string | undefined {
    return this.#sequence.cursor;
  }

  begin(): ProviderEvent[] {
    return this.#limits.length > 0 ? [{ type: 'rate-limits', limits: this.#limits }] : [];
  }

  /** The array is reused by the next call. */
  decode(message: SseMessage): Iterable<ProviderEvent> {
    const events = this.#events;
    while (events.length > 0) events.pop();
    if (this.#ended || isDoneMarker(message.data)) return events;
    const body = parseMessage(message);
    if (body === undefined) return events;
    if (isErrorMessage(message.event, body)) throw reportedError(body);
    const type = typeof body.type === 'string' ? body.type : message.event;
    if (this.#sequence.isAnother(type, body)) this.#beginAnew();
    const isNew = this.#sequence.take(body);
    try {
      if (isEndOfResponse(type)) this.#end(type, body);
      else if (isNew) this.#answer.read(type, body);
    } catch (error) {
      return eventsThenError(events, error);
    }
    this.#hasDelivered ||= events.length > 0;
    return events;
  }

  /** A gateway has asked again behind our back: fine before content, and after it the new text would follow the old. */
  #beginAnew(): void {
    if (this.#hasDelivered) throw malformedStream('a second response began inside the stream');
    this.#answer = new ResponsesAnswer(this.#responseId, this.#events);
    this.#sequence = new ResponsesSequence();
  }

  #end(type: string, body: JsonObject): void {
    this.#ended = true;
    this.#answer.end(type, isObject(body.response) ? body.response : {});
  }
}
