import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject, textOf } from '../core/json-value.ts';
import type { Usage } from '../core/stream-result.ts';
import { type SplitContent, ThinkTags } from '../policies/think-tags.ts';
import { contentOf, reasoningOf } from './openai-delta.ts';
import { openaiFinishReason } from './openai-finish-reason.ts';
import { OpenAIToolCalls } from './openai-tool-calls.ts';
import { openaiUsage, unknownUsage } from './openai-usage.ts';
import { Sources } from './sources.ts';

const textId = 'text-0';
const reasoningId = 'reasoning-0';
const refusalId = 'refusal-0';

/**
 * One answer of Chat Completions, read chunk by chunk.
 *
 * Of several choices the first counts. Of several finish reasons and usages the last does: some providers send one with every chunk, and text
 * after the first.
 */
export class OpenAIAnswer {
  /** What the last calls gave; whoever reads it empties it. */
  readonly events: ProviderEvent[] = [];
  /** Whether the last chunk left the answer in another state, so that the same chunk may now mean something else. */
  changed = false;
  finishReason: string | undefined;
  readonly #tools = new OpenAIToolCalls();
  readonly #think = new ThinkTags();
  readonly #sources = new Sources();
  #responseId: string | undefined;
  #usage: Usage | undefined;
  #delivered = false;
  #refused = false;
  /** Which of the two ways reasoning came first; a provider that uses both says the same in them. */
  #reasoningFrom: 'member' | 'tags' | undefined;

  /** Whether there is anything that an end could end. */
  get begun(): boolean {
    return this.finishReason !== undefined || this.#delivered || this.#think.holding;
  }

  /** Reads one chunk. */
  read(chunk: JsonObject): void {
    this.changed = false;
    if (this.#responseId === undefined && typeof chunk.id === 'string' && chunk.id !== '') {
      this.#responseId = chunk.id;
      this.changed = true;
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
      this.finishReason = reason;
      this.changed = true;
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
        this.changed = true;
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

  #sayParts({ reasoning, text }: SplitContent): void {
    if (reasoning !== '' && this.#reasoningFrom !== 'member') this.#reason(reasoning, 'tags');
    if (text !== '') this.#say(text);
  }

  #say(text: string): void {
    this.#deliver({ type: 'text-delta', id: textId, text });
  }

  #reason(text: string, from: 'member' | 'tags'): void {
    if (this.#reasoningFrom !== from) {
      this.#reasoningFrom = from;
      this.changed = true;
    }
    this.#deliver({ type: 'reasoning-delta', id: reasoningId, text });
  }

  #call(entry: unknown): void {
    this.changed = true;
    const event = this.#tools.add(entry, this.#responseId ?? '');
    if (event !== undefined) this.#deliver(event);
  }

  #cite(citations: readonly unknown[]): void {
    for (const citation of citations) {
      const source = this.#sources.add(citation);
      if (source === undefined) continue;
      this.changed = true;
      this.#deliver(source);
    }
  }

  #deliver(event: ProviderEvent): void {
    if (!this.#delivered) {
      this.#delivered = true;
      this.changed = true;
    }
    this.events.push(event);
  }

  #count(reported: unknown): void {
    const usage = openaiUsage(reported);
    if (usage === undefined) return;
    // The last wins: providers that count along send it with every chunk.
    this.#usage = usage;
    this.changed = true;
  }

  /** Ends the answer: the tool calls, the usage and the finish. Throws at a tool call that is not whole. */
  end(): void {
    this.#sayParts(this.#think.end());
    const rawFinishReason = this.finishReason ?? '';
    const told = openaiFinishReason(rawFinishReason);
    const cutShort = told === 'length' || told === 'content-filter' || told === 'refusal';
    let called = false;
    for (const call of this.#tools.end(cutShort, this.#responseId ?? '')) called = this.events.push(call) > 0;
    if (this.#usage !== undefined) this.events.push({ type: 'usage', usage: this.#usage });
    // Gemini and others say "stop" to tool calls, OpenAI to a refusal.
    const open = told === 'stop' || told === 'other';
    const finishReason = open && called ? 'tool-calls' : open && this.#refused ? 'refusal' : told;
    this.events.push({ type: 'finish', finishReason, rawFinishReason, usage: this.#usage ?? unknownUsage });
  }
}
