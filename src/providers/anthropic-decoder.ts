import type { ProviderEvent, RateLimitSnapshot } from '../core/event.ts';
import type { Decoder } from '../core/provider.ts';
import type { FinishReason } from '../core/stream-result.ts';
import type { ResponseHead, SseMessage } from '../core/transport.ts';
import { AnthropicBlocks } from './anthropic-blocks.ts';
import { AnthropicUsage } from './anthropic-usage.ts';
import { DeltaTemplate } from './delta-template.ts';
import { isObject, type JsonObject, textOf } from './json-value.ts';
import { isDoneMarker, isErrorMessage, parseMessage } from './message-data.ts';
import { anthropicRateLimits } from './rate-limit-headers.ts';
import { Sources } from './sources.ts';
import { eventsThenError, malformedStream, reportedError } from './stream-errors.ts';

const finishReasons = new Map<string, FinishReason>([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['stop', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool-calls'],
  ['refusal', 'refusal'],
]);

const deltaOf = (parsed: unknown) => (isObject(parsed) && isObject(parsed.delta) ? parsed.delta : undefined);
const readText = (parsed: unknown) => deltaOf(parsed)?.text;
const readThinking = (parsed: unknown) => deltaOf(parsed)?.thinking;

/**
 * Decodes the events of a message.
 *
 * The end is `message_stop`, after a stop reason or after content; or a clean end of the body after a stop reason, for proxies that cut the
 * last event off. A second message inside the stream, after content of the first, is an error: a gateway has begun anew, and its text would
 * follow what was delivered.
 */
export class AnthropicDecoder implements Decoder {
  readonly #limits: RateLimitSnapshot[];
  readonly #template: DeltaTemplate | undefined;
  #blocks = new AnthropicBlocks();
  readonly #sources = new Sources();
  readonly #usage = new AnthropicUsage();
  /** Handed out by every call and consumed before the next, so that a delta costs no array. */
  readonly #events: ProviderEvent[] = [];
  #begun = false;
  #messageId: unknown;
  #delivered = false;
  #called = false;
  #stopReason: string | undefined;
  #ended = false;

  constructor(head: ResponseHead, template: DeltaTemplate | undefined = new DeltaTemplate()) {
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
    return this.#read(message, body, typeof body.type === 'string' ? body.type : message.event);
  }

  end(): Iterable<ProviderEvent> {
    const events = this.#events;
    while (events.length > 0) events.pop();
    return !this.#ended && this.#stopReason !== undefined ? this.#end() : events;
  }

  #read(message: SseMessage, body: JsonObject, type: string): Iterable<ProviderEvent> {
    switch (type) {
      case 'content_block_delta':
        this.#readDelta(message, body);
        return this.#events;
      case 'ping':
        return this.#events;
      case 'message_start':
        this.#begin(isObject(body.message) ? body.message : {});
        break;
      case 'content_block_start':
        this.#readStart(body);
        break;
      case 'content_block_stop':
        this.#call(this.#blocks.stop(body.index));
        break;
      case 'message_delta':
        this.#readMessageDelta(body);
        break;
      case 'message_stop':
        if (this.#stopReason !== undefined || this.#delivered) return this.#end();
        break;
      default:
        // Among them `message`, with which MiniMax repeats the whole answer at the end.
        return this.#events;
    }
    // All of these change what a delta means.
    this.#template?.forget();
    return this.#events;
  }

  #begin(message: JsonObject): void {
    // Some gateways send the same beginning twice.
    if (this.#begun && message.id === this.#messageId) return;
    if (this.#delivered) throw malformedStream('a second message began inside the stream');
    this.#begun = true;
    this.#messageId = message.id;
    this.#blocks = new AnthropicBlocks();
    this.#count(message.usage, false);
  }

  #readStart(body: JsonObject): void {
    const block = isObject(body.content_block) ? body.content_block : {};
    if (block.type === 'text') this.#text(body.index, textOf(block.text));
    else if (block.type === 'thinking') this.#thinking(body.index, textOf(block.thinking));
    else this.#blocks.start(body.index, block);
    // Results of a search that the provider made.
    if (block.type === 'web_search_tool_result' && Array.isArray(block.content)) for (const found of block.content) this.#cite(found);
    if (block.type === 'text' && Array.isArray(block.citations)) for (const citation of block.citations) this.#cite(citation);
  }

  #readDelta(message: SseMessage, body: JsonObject): void {
    const delta = isObject(body.delta) ? body.delta : {};
    const before = this.#delivered;
    switch (delta.type) {
      case 'text_delta':
        this.#text(body.index, textOf(delta.text));
        this.#offer(message, before, readText);
        break;
      case 'thinking_delta':
        this.#thinking(body.index, textOf(delta.thinking));
        this.#offer(message, before, readThinking);
        break;
      case 'input_json_delta': {
        const event = this.#blocks.append(body.index, textOf(delta.partial_json));
        if (event !== undefined) this.#deliver(event);
        break;
      }
      case 'citations_delta':
        this.#cite(delta.citation);
    }
  }

  /** Nothing but the first delta changes the decoder. */
  #offer(message: SseMessage, unchanged: boolean, read: (parsed: unknown) => unknown): void {
    const event = this.#events[0];
    if (unchanged && (event?.type === 'text-delta' || event?.type === 'reasoning-delta')) this.#template?.learn(message, event, read);
  }

  #readMessageDelta(body: JsonObject): void {
    const delta = isObject(body.delta) ? body.delta : {};
    if (typeof delta.stop_reason === 'string' && delta.stop_reason !== '') this.#stopReason = delta.stop_reason;
    const details = isObject(delta.stop_details) ? delta.stop_details : {};
    const explanation = textOf(details.explanation);
    if (explanation !== '') this.#deliver({ type: 'refusal-delta', id: 'refusal-0', text: explanation });
    this.#count(body.usage, true);
  }

  #text(index: unknown, text: string): void {
    if (text !== '') this.#deliver({ type: 'text-delta', id: blockId('text', index), text });
  }

  #thinking(index: unknown, text: string): void {
    if (text !== '') this.#deliver({ type: 'reasoning-delta', id: blockId('reasoning', index), text });
  }

  #cite(citation: unknown): void {
    const source = this.#sources.add(citation);
    if (source !== undefined) this.#deliver(source);
  }

  #call(call: ProviderEvent | undefined): void {
    if (call === undefined) return;
    this.#called = true;
    this.#deliver(call);
  }

  #deliver(event: ProviderEvent): void {
    this.#delivered = true;
    this.#events.push(event);
  }

  #count(reported: unknown, final: boolean): void {
    if (!this.#usage.add(reported, final)) return;
    this.#events.push({ type: 'usage', usage: this.#usage.read() });
  }

  #end(): Iterable<ProviderEvent> {
    this.#ended = true;
    this.#template?.forget();
    const rawFinishReason = this.#stopReason ?? '';
    const told = finishReasons.get(rawFinishReason) ?? 'other';
    try {
      for (const call of this.#blocks.end(told === 'length' || told === 'refusal')) this.#call(call);
    } catch (error) {
      return eventsThenError(this.#events.slice(), error);
    }
    const finishReason = this.#called && told === 'stop' ? 'tool-calls' : told;
    this.#events.push({ type: 'finish', finishReason, rawFinishReason, usage: this.#usage.read() });
    return this.#events;
  }
}

function blockId(kind: 'text' | 'reasoning', index: unknown): string {
  return `${kind}-${typeof index === 'number' ? index : 0}`;
}
