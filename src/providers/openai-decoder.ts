import type { ProviderEvent, RateLimitSnapshot } from '../core/event.ts';
import type { Decoder } from '../core/provider.ts';
import type { Usage } from '../core/stream-result.ts';
import type { ResponseHead, SseMessage } from '../core/transport.ts';
import { DeltaTemplate } from './delta-template.ts';
import { isObject, type JsonObject, textOf } from './json-value.ts';
import { isDoneMarker, isErrorMessage, parseMessage } from './message-data.ts';
import { contentOf, onlyDelta, reasoningOf } from './openai-delta.ts';
import { isFailedFinish, openaiFinishReason } from './openai-finish-reason.ts';
import { OpenAIToolCalls } from './openai-tool-calls.ts';
import { openaiUsage, unknownUsage } from './openai-usage.ts';
import { openaiRateLimits } from './rate-limit-headers.ts';
import { Sources } from './sources.ts';
import { eventsThenError, reportedError } from './stream-errors.ts';
import { ThinkTags } from './think-tags.ts';

const textId = 'text-0';
const reasoningId = 'reasoning-0';
const refusalId = 'refusal-0';

const readText = (chunk: unknown) => onlyDelta(chunk)?.content;
const readReasoning = (chunk: unknown) => {
  const delta = onlyDelta(chunk);
  return delta && reasoningOf(delta);
};

/**
 * Decodes the chunks of a chat completion.
 *
 * The end is `[DONE]`, after a finish reason or after content; or a clean end of the body after a finish reason. `[DONE]` after neither is
 * no end. A finish reason alone is none either: usage follows it, and from some providers text.
 */
export class OpenAIDecoder implements Decoder {
  readonly #limits: RateLimitSnapshot[];
  readonly #template: DeltaTemplate | undefined;
  readonly #tools = new OpenAIToolCalls();
  readonly #think = new ThinkTags();
  readonly #sources = new Sources();
  /** Handed out by every call and consumed before the next, so that a delta costs no array. */
  readonly #events: ProviderEvent[] = [];
  #responseId: string | undefined;
  #usage: Usage | undefined;
  #finish: string | undefined;
  #delivered = false;
  #refused = false;
  /** Which of the two ways reasoning came first; a provider that uses both says the same in them. */
  #reasoningFrom: 'member' | 'tags' | undefined;
  #ended = false;
  /** Whether the message at hand left the decoder in another state, so that no template may stand for it. */
  #changed = false;

  constructor(head: ResponseHead, template: DeltaTemplate | undefined = new DeltaTemplate()) {
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
    if (isDoneMarker(message.data)) {
      return this.#finish !== undefined || this.#delivered || this.#think.holding ? this.#end() : events;
    }
    const chunk = parseMessage(message);
    if (chunk === undefined) return events;
    this.#changed = false;
    this.#read(chunk);
    const error = this.#errorIn(message, chunk);
    if (error !== undefined) {
      if (events.length === 0) throw reportedError(error);
      return eventsThenError(events.slice(), reportedError(error));
    }
    this.#offer(message);
    return events;
  }

  end(): Iterable<ProviderEvent> {
    const events = this.#events;
    while (events.length > 0) events.pop();
    return !this.#ended && this.#finish !== undefined ? this.#end() : events;
  }

  #offer(message: SseMessage): void {
    const template = this.#template;
    if (template === undefined) return;
    if (this.#changed) {
      template.forget();
    } else if (this.#events.length === 1) {
      const event = this.#events[0];
      if (event?.type === 'text-delta') template.learn(message, event, readText);
      else if (event?.type === 'reasoning-delta') template.learn(message, event, readReasoning);
    }
  }

  #errorIn(message: SseMessage, chunk: JsonObject): unknown {
    if (isErrorMessage(message.event, chunk)) return chunk;
    const groq = chunk.x_groq;
    if (isObject(groq) && groq.error) return { error: groq.error, request_id: groq.id };
    return this.#finish !== undefined && isFailedFinish(this.#finish) ? chunk : undefined;
  }

  #read(chunk: JsonObject): void {
    if (this.#responseId === undefined && typeof chunk.id === 'string' && chunk.id !== '') {
      this.#responseId = chunk.id;
      this.#changed = true;
    }
    if (chunk.usage) this.#count(chunk.usage);
    if (isObject(chunk.x_groq)) this.#count(chunk.x_groq.usage);
    if (Array.isArray(chunk.citations)) this.#cite(chunk.citations);
    const { choices } = chunk;
    if (!Array.isArray(choices)) return;
    for (const choice of choices) {
      // With n > 1 the choices are interleaved; the first is the answer.
      if (isObject(choice) && (choice.index === undefined || choice.index === null || choice.index === 0)) this.#readChoice(choice);
    }
  }

  #readChoice(choice: JsonObject): void {
    // A gateway that fakes the stream sends the whole message, once; others repeat it at the end.
    const delta = choice.delta ?? (this.#delivered ? undefined : choice.message);
    if (isObject(delta)) this.#readDelta(delta);
    if (choice.usage) this.#count(choice.usage);
    const reason = choice.finish_reason;
    if (typeof reason === 'string' && reason !== '') {
      this.#finish = reason;
      this.#changed = true;
    }
  }

  #readDelta(delta: JsonObject): void {
    const reasoning = reasoningOf(delta);
    if (reasoning !== '' && !(this.#think.thinking && this.#reasoningFrom === 'tags')) this.#reason(reasoning, 'member');
    const content = contentOf(delta);
    if (content !== '') {
      if (this.#think.passing) {
        this.#say(content);
      } else {
        this.#changed = true;
        this.#sayParts(this.#think.split(content));
      }
    }
    const refusal = textOf(delta.refusal);
    if (refusal !== '') {
      this.#refused = true;
      this.#deliver({ type: 'refusal-delta', id: refusalId, text: refusal });
    }
    if (Array.isArray(delta.tool_calls)) for (const entry of delta.tool_calls) this.#call(entry);
    if (isObject(delta.function_call)) this.#call({ index: 'function_call', function: delta.function_call });
    if (Array.isArray(delta.annotations)) this.#cite(delta.annotations);
  }

  #sayParts({ reasoning, text }: { readonly reasoning: string; readonly text: string }): void {
    if (reasoning !== '' && this.#reasoningFrom !== 'member') this.#reason(reasoning, 'tags');
    if (text !== '') this.#say(text);
  }

  #say(text: string): void {
    this.#deliver({ type: 'text-delta', id: textId, text });
  }

  #reason(text: string, from: 'member' | 'tags'): void {
    if (this.#reasoningFrom !== from) {
      this.#reasoningFrom = from;
      this.#changed = true;
    }
    this.#deliver({ type: 'reasoning-delta', id: reasoningId, text });
  }

  #call(entry: unknown): void {
    this.#changed = true;
    const event = this.#tools.add(entry, this.#responseId ?? '');
    if (event !== undefined) this.#deliver(event);
  }

  #cite(citations: readonly unknown[]): void {
    for (const citation of citations) {
      const source = this.#sources.add(citation);
      if (source === undefined) continue;
      this.#changed = true;
      this.#deliver(source);
    }
  }

  #deliver(event: ProviderEvent): void {
    if (!this.#delivered) {
      this.#delivered = true;
      this.#changed = true;
    }
    this.#events.push(event);
  }

  #count(reported: unknown): void {
    const usage = openaiUsage(reported);
    if (usage === undefined) return;
    // The last wins: providers that count along send it with every chunk.
    this.#usage = usage;
    this.#changed = true;
  }

  #end(): Iterable<ProviderEvent> {
    const events = this.#events;
    this.#ended = true;
    this.#template?.forget();
    this.#sayParts(this.#think.end());
    const rawFinishReason = this.#finish ?? '';
    const told = openaiFinishReason(rawFinishReason);
    const cutShort = told === 'length' || told === 'content-filter' || told === 'refusal';
    let called = false;
    try {
      for (const call of this.#tools.end(cutShort, this.#responseId ?? '')) called = events.push(call) > 0;
    } catch (error) {
      return eventsThenError(events.slice(), error);
    }
    if (this.#usage !== undefined) events.push({ type: 'usage', usage: this.#usage });
    // Gemini and others say "stop" to tool calls, OpenAI to a refusal.
    const open = told === 'stop' || told === 'other';
    const finishReason = open && called ? 'tool-calls' : open && this.#refused ? 'refusal' : told;
    events.push({ type: 'finish', finishReason, rawFinishReason, usage: this.#usage ?? unknownUsage });
    return events;
  }
}
