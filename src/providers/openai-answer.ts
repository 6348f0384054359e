import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject, textOf } from '../core/json-value.ts';
import type { Usage } from '../core/stream-result.ts';
import type { SplitContent, ThinkTags } from '../policies/think-tags.ts';
import { isErrorMessage } from './message-data.ts';
import { contentOf, extraContentOf, reasoningOf, wordOf } from './openai-delta.ts';
import { openaiFinishReason } from './openai-finish-reason.ts';
import { ReasoningDetails } from './openai-reasoning-details.ts';
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
  readonly #details = new ReasoningDetails();
  readonly #think: ThinkTags | null;
  readonly #sources = new Sources();
  #responseId: string | undefined;
  #usage: Usage | undefined;
  #delivered = false;
  #refused = false;
  /** Which of the two ways reasoning came first; a provider that uses both says the same in them. */
  #reasoningFrom: 'member' | 'tags' | undefined;

  /** @param think Splits reasoning out of the text; `null` where nothing does. */
  constructor(think: ThinkTags | null) {
    this.#think = think;
  }

  /** Whether there is anything that an end could end. */
  get begun(): boolean {
    return this.finishReason !== undefined || this.#delivered || this.#think?.holding === true;
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
    // A choice that failed may say so itself, under another finish reason or none.
    const reason = choice.error && isErrorMessage('', { error: choice.error }) ? 'error' : wordOf(choice.finish_reason);
    if (reason !== undefined) {
      this.finishReason = reason;
      this.changed = true;
    }
  }

  #readDelta(delta: JsonObject): void {
    const reasoning = reasoningOf(delta);
    if (reasoning !== '' && !(this.#think?.thinking && this.#reasoningFrom === 'tags')) this.#reason(reasoning, 'member');
    const content = contentOf(delta);
    if (content !== '') {
      const think = this.#think;
      if (think === null || think.passing) {
        this.#say(content);
      } else {
        this.changed = true;
        this.#sayParts(think.split(content));
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
    // An empty list comes with every delta of OpenRouter's.
    if (delta.extra_content || (Array.isArray(delta.reasoning_details) && delta.reasoning_details.length > 0)) this.#readMetadata(delta);
  }

  /** What goes back with the next turn, beside what was said. */
  #readMetadata(delta: JsonObject): void {
    this.changed = true;
    if (Array.isArray(delta.reasoning_details)) this.#details.add(delta.reasoning_details);
    const providerMetadata = extraContentOf(delta);
    if (providerMetadata !== undefined) this.events.push({ type: 'text-delta', id: textId, text: '', providerMetadata });
  }

  #sayParts(parts: SplitContent): void {
    for (let part: SplitContent | undefined = parts; part !== undefined; part = part.next) {
      if (part.reasoning !== '' && this.#reasoningFrom !== 'member') this.#reason(part.reasoning, 'tags');
      if (part.text !== '') this.#say(part.text);
    }
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
    // The last wins: providers that count along send it with every chunk. Some end with one of nothing but zeros.
    if (this.#usage !== undefined && usage.inputTokens + usage.outputTokens === 0) return;
    this.#usage = usage;
    this.changed = true;
  }

  /** Ends the answer: the tool calls, the usage and the finish. Throws at a tool call that is not whole. */
  end(): void {
    if (this.#think !== null) this.#sayParts(this.#think.end());
    const details = this.#details.whole;
    if (details !== undefined) {
      const providerMetadata = { openai: { reasoning_details: details } };
      this.events.push({ type: 'reasoning-delta', id: reasoningId, text: '', providerMetadata });
    }
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
