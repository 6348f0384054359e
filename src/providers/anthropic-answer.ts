import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject, textOf } from '../core/json-value.ts';
import { AnthropicBlocks } from './anthropic-blocks.ts';
import { AnthropicCitations } from './anthropic-citations.ts';
import { anthropicFinishReason } from './anthropic-finish-reason.ts';
import { AnthropicUsage } from './anthropic-usage.ts';
import { Sources } from './sources.ts';
import { malformedStream } from './stream-errors.ts';

/**
 * One message of Anthropic, read event by event.
 *
 * A second message inside the stream, after content of the first, is an error: a gateway has begun anew, and its text would follow what
 * was delivered.
 */
export class AnthropicAnswer {
  /** What the last calls gave; whoever reads it empties it. */
  readonly events: ProviderEvent[] = [];
  /** Whether the last event left the answer in another state, so that the same event may now mean something else. */
  changed = false;
  stopReason: string | undefined;
  #blocks = new AnthropicBlocks();
  readonly #citations = new AnthropicCitations();
  readonly #sources = new Sources();
  #usage = new AnthropicUsage();
  #begun = false;
  #messageId: unknown;
  #delivered = false;
  #called = false;

  /** Whether there is anything that an end could end. */
  get begun(): boolean {
    return this.stopReason !== undefined || this.#delivered;
  }

  /** Reads one event. */
  read(type: string, body: JsonObject): void {
    const delivered = this.#delivered;
    this.changed = false;
    switch (type) {
      case 'content_block_delta':
        this.#readDelta(body);
        // No delta but the first content changes what a delta of text means; a signature is no delta of text.
        this.changed ||= delivered !== this.#delivered;
        return;
      case 'message_start':
        this.#begin(isObject(body.message) ? body.message : {});
        break;
      case 'content_block_start':
        this.#readStart(body);
        break;
      case 'content_block_stop':
        this.#close(this.#blocks.stop(body.index));
        this.#close(this.#citations.take(body.index, blockId('text', body.index)));
        break;
      case 'message_delta':
        this.#readMessageDelta(body);
        break;
      default:
        // Pings, what is yet to be invented, and `message`, with which MiniMax repeats the whole answer at the end.
        return;
    }
    this.changed = true;
  }

  /** Ends the answer: the tool calls that waited, and the finish. Throws at a tool call that is not whole. */
  end(): void {
    const rawFinishReason = this.stopReason ?? '';
    const told = anthropicFinishReason(rawFinishReason);
    for (const block of this.#blocks.end(told === 'length' || told === 'refusal')) this.#close(block);
    const finishReason = this.#called && told === 'stop' ? 'tool-calls' : told;
    this.events.push({ type: 'finish', finishReason, rawFinishReason, usage: this.#usage.read() });
  }

  #begin(message: JsonObject): void {
    // Some gateways send the same beginning twice.
    if (this.#begun && message.id === this.#messageId) return;
    if (this.#delivered) throw malformedStream('a second message began inside the stream');
    this.#begun = true;
    this.#messageId = message.id;
    this.#blocks = new AnthropicBlocks(textOf(message.id));
    this.#usage = new AnthropicUsage();
    this.stopReason = undefined;
    this.#count(message.usage, false);
  }

  #readStart(body: JsonObject): void {
    for (const call of this.#blocks.takeEmpty()) this.#close(call);
    const block = isObject(body.content_block) ? body.content_block : {};
    if (block.type === 'text') this.#text(body.index, textOf(block.text));
    else if (block.type === 'thinking') {
      this.#thinking(body.index, textOf(block.thinking));
      this.#sign(body.index, block.signature);
    } else this.#close(this.#blocks.start(body.index, block));
    // Results of a search that the provider made, and a page that it has read.
    if (block.type === 'web_search_tool_result' && Array.isArray(block.content)) for (const found of block.content) this.#cite(found);
    if (block.type === 'web_fetch_tool_result') this.#cite(block.content);
    if (block.type === 'text' && Array.isArray(block.citations)) for (const citation of block.citations) this.#citeIn(body.index, citation);
  }

  #readDelta(body: JsonObject): void {
    const delta = isObject(body.delta) ? body.delta : {};
    switch (delta.type) {
      case 'text_delta':
        this.#text(body.index, textOf(delta.text));
        break;
      case 'thinking_delta':
        this.#thinking(body.index, textOf(delta.thinking));
        break;
      case 'signature_delta':
        this.#sign(body.index, delta.signature);
        break;
      case 'compaction_delta':
        this.#blocks.compact(body.index, delta);
        break;
      case 'input_json_delta': {
        const event = this.#blocks.append(body.index, textOf(delta.partial_json));
        if (event !== undefined) this.#deliver(event);
        break;
      }
      case 'citations_delta':
        this.#citeIn(body.index, delta.citation);
    }
  }

  #readMessageDelta(body: JsonObject): void {
    const delta = isObject(body.delta) ? body.delta : {};
    if (typeof delta.stop_reason === 'string' && delta.stop_reason !== '') this.stopReason = delta.stop_reason;
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

  /** Of the whole block of thinking; a later one replaces it. With `display: 'omitted'` it is all there is of the block. */
  #sign(index: unknown, signature: unknown): void {
    if (typeof signature !== 'string' || signature === '') return;
    this.changed = true;
    this.#deliver({ type: 'reasoning-delta', id: blockId('reasoning', index), text: '', providerMetadata: { anthropic: { signature } } });
  }

  #citeIn(index: unknown, citation: unknown): void {
    this.#citations.add(index, citation);
    this.#cite(citation);
  }

  #cite(citation: unknown): void {
    const source = this.#sources.add(citation);
    if (source !== undefined) this.#deliver(source);
  }

  #close(block: ProviderEvent | undefined): void {
    if (block === undefined) return;
    if (block.type === 'tool-call') this.#called = true;
    this.#deliver(block);
  }

  #deliver(event: ProviderEvent): void {
    this.#delivered = true;
    this.events.push(event);
  }

  #count(reported: unknown, final: boolean): void {
    if (!this.#usage.add(reported, final)) return;
    this.events.push({ type: 'usage', usage: this.#usage.read() });
  }
}

/** The first ids of each kind, made once: a string made anew for each delta costs as much as all the rest of reading it. */
const blockIds = {
  text: Array.from({ length: 16 }, (_, index) => `text-${index}`),
  reasoning: Array.from({ length: 16 }, (_, index) => `reasoning-${index}`),
};

function blockId(kind: 'text' | 'reasoning', index: unknown): string {
  const number = typeof index === 'number' ? index : 0;
  return blockIds[kind][number] ?? `${kind}-${number}`;
}
