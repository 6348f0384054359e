import type { ProviderEvent, RateLimitSnapshot } from '../core/event.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';
import type { Decoder } from '../core/provider.ts';
import type { ResponseHead, SseMessage } from '../core/transport.ts';
import { ThinkTags } from '../policies/think-tags.ts';
import { DeltaTemplate, type ReadMembers } from './delta-template.ts';
import { isDoneMarker, isErrorMessage, parseMessage } from './message-data.ts';
import { OpenAIAnswer } from './openai-answer.ts';
import { onlyDelta, reasoningOf } from './openai-delta.ts';
import { isFailedFinish } from './openai-finish-reason.ts';
import { openaiRateLimits } from './rate-limit-headers.ts';
import { eventsThenError, reportedError } from './stream-errors.ts';

const readText = (chunk: unknown) => onlyDelta(chunk)?.content;
const readReasoning = (chunk: unknown) => {
  const delta = onlyDelta(chunk);
  return delta && reasoningOf(delta);
};

const readOfDelta: ReadMembers = {
  content: true,
  reasoning_content: true,
  reasoning: true,
  reasoning_text: true,
  reasoning_details: true,
  refusal: true,
  tool_calls: true,
  function_call: true,
  annotations: true,
  extra_content: true,
};
/** What is read of a chunk; `type`, `object`, `detail` and `errors` because they may say that it is an error. */
export const openaiReads: ReadMembers = {
  id: true,
  choices: [{ index: true, delta: readOfDelta, message: true, usage: true, finish_reason: true, error: true }],
  usage: true,
  citations: true,
  x_groq: true,
  error: true,
  type: true,
  object: true,
  detail: true,
  errors: true,
};

/**
 * Decodes the chunks of a chat completion.
 *
 * The end is `[DONE]`, after a finish reason or after content; or a clean end of the body after a finish reason. `[DONE]` after neither is
 * no end. A finish reason alone is none either: usage follows it, and from some providers text.
 */
export class OpenAIDecoder implements Decoder {
  readonly #limits: RateLimitSnapshot[];
  readonly #template: DeltaTemplate | null;
  readonly #answer: OpenAIAnswer;
  /** Handed out by every call and consumed before the next, so that a delta costs no array. */
  readonly #events: ProviderEvent[];
  #ended = false;

  constructor(
    head: ResponseHead,
    template: DeltaTemplate | null = new DeltaTemplate(openaiReads, head),
    think: ThinkTags | null = new ThinkTags(),
  ) {
    this.#answer = new OpenAIAnswer(think);
    this.#events = this.#answer.events;
    this.#limits = openaiRateLimits(head.headers);
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
    if (isDoneMarker(message.data)) return this.#answer.begun ? this.#end() : events;
    const chunk = parseMessage(message);
    if (chunk === undefined) return events;
    this.#answer.read(chunk);
    const error = this.#errorIn(message, chunk);
    if (error !== undefined) return eventsThenError(events, reportedError(error));
    this.#offer(message, chunk);
    return events;
  }

  end(): Iterable<ProviderEvent> {
    const events = this.#events;
    while (events.length > 0) events.pop();
    return !this.#ended && this.#answer.finishReason !== undefined ? this.#end() : events;
  }

  #errorIn(message: SseMessage, chunk: JsonObject): unknown {
    if (isErrorMessage(message.event, chunk)) return codedError(chunk) ?? chunk;
    const groq = chunk.x_groq;
    if (isObject(groq) && groq.error) return { error: groq.error, request_id: groq.id };
    const reason = this.#answer.finishReason;
    return reason !== undefined && isFailedFinish(reason) ? (codedError(chunk) ?? chunk) : undefined;
  }

  #offer(message: SseMessage, chunk: JsonObject): void {
    const template = this.#template;
    if (template === null) return;
    if (this.#answer.changed) {
      template.forget();
    } else if (this.#events.length === 1) {
      const event = this.#events[0];
      if (event?.type === 'text-delta') template.learn(message, chunk, event, readText);
      else if (event?.type === 'reasoning-delta') template.learn(message, chunk, event, readReasoning);
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

/** An error that has a code, without the finish reason beside it, which says no more than that it is one. */
function codedError({ error, choices, request_id }: JsonObject): JsonObject | undefined {
  const ofChoice: unknown = Array.isArray(choices) && isObject(choices[0]) ? choices[0].error : undefined;
  const told = [error, ofChoice].find((each) => isObject(each) && each.code !== undefined && each.code !== null && each.code !== '');
  return told === undefined ? undefined : { error: told, request_id };
}
