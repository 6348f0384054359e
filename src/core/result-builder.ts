import type { EventLike, StreamEvent } from './event.ts';
import type { Message, Part } from './request.ts';
import type { FinishReason, StreamResult, ToolCall, Usage } from './stream-result.ts';

/** Where a {@link ResultBuilder} keeps text. */
export interface TextBuffer {
  append(text: string): void;
  read(): string;
  clear(): void;
  /** Whether the beginning had to go. */
  readonly truncated: boolean;
}

/** The usage of an answer of which nothing is known. */
export const noUsage: Usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true };

/** Text as V8 keeps it best: appending is constant, and nothing is copied until somebody reads. */
class GrowingText implements TextBuffer {
  readonly truncated = false;
  #text = '';

  append(text: string): void {
    this.#text += text;
  }

  read(): string {
    return this.#text;
  }

  clear(): void {
    this.#text = '';
  }
}

/**
 * Adds events up to a {@link StreamResult}: the one place that knows what each event does to what was said so far.
 *
 * Constant time for each event and each snapshot. Events that are not ours change nothing.
 */
export class ResultBuilder {
  readonly #text: TextBuffer;
  readonly #reasoning: TextBuffer;
  readonly #refusal: TextBuffer;
  #toolCalls: readonly ToolCall[] = [];
  #toolResults: readonly Part[] = [];
  #usage: Usage = noUsage;
  #finishReason: FinishReason | undefined;
  #isEmpty = true;
  #isTruncated = false;

  /** @param newText Makes the buffers. Default: unbounded. */
  constructor(newText: () => TextBuffer = () => new GrowingText()) {
    this.#text = newText();
    this.#reasoning = newText();
    this.#refusal = newText();
  }

  /** Whether there has been no content yet. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  get hasToolCalls(): boolean {
    return this.#toolCalls.length > 0;
  }

  /** Whether `finish` has come. */
  get isFinished(): boolean {
    return this.#finishReason !== undefined;
  }

  /** @returns Whether the event changed the result. */
  add(value: EventLike): boolean {
    const event = value as StreamEvent;
    switch (event.type) {
      case 'text-delta':
        this.#isEmpty = false;
        this.#text.append(event.text);
        break;
      case 'reasoning-delta':
        this.#isEmpty = false;
        this.#reasoning.append(event.text);
        break;
      case 'refusal-delta':
        this.#isEmpty = false;
        this.#refusal.append(event.text);
        break;
      case 'tool-call': {
        this.#isEmpty = false;
        const { toolCallId, toolName, input } = event;
        this.#toolCalls = [...this.#toolCalls, { toolCallId, toolName, input }];
        break;
      }
      case 'tool-result': {
        const { toolCallId, toolName, output } = event;
        this.#toolResults = [...this.#toolResults, { type: 'tool-result', toolCallId, toolName, output }];
        break;
      }
      case 'usage':
        this.#usage = event.usage;
        break;
      case 'finish':
        this.#usage = event.usage;
        this.#finishReason = event.finishReason;
        break;
      case 'restart':
        this.#clear();
        break;
      case 'snapshot':
        this.#replace(event.result);
        break;
      default:
        return false;
    }
    return true;
  }

  snapshot(): StreamResult {
    const text = this.#text.read();
    const refusal = this.#refusal.read();
    const result: StreamResult = {
      text,
      reasoning: this.#reasoning.read(),
      toolCalls: this.#toolCalls,
      messages: this.#messages(text || refusal),
      usage: this.#usage,
      finishReason: this.#finishReason,
    };
    const truncated = this.#isTruncated || [this.#text, this.#reasoning, this.#refusal].some((buffer) => buffer.truncated);
    return { ...result, ...(refusal && { refusal }), ...(truncated && { truncated }) };
  }

  #messages(text: string): Message[] {
    const calls: Part[] = this.#toolCalls.map((call) => ({ type: 'tool-call', ...call }));
    const messages: Message[] = [];
    if (calls.length > 0) messages.push({ role: 'assistant', content: text ? [{ type: 'text', text }, ...calls] : calls });
    else if (text) messages.push({ role: 'assistant', content: text });
    if (this.#toolResults.length > 0) messages.push({ role: 'tool', content: this.#toolResults });
    return messages;
  }

  #clear(): void {
    for (const buffer of [this.#text, this.#reasoning, this.#refusal]) buffer.clear();
    this.#toolCalls = [];
    this.#toolResults = [];
    this.#usage = noUsage;
    this.#finishReason = undefined;
    this.#isEmpty = true;
    this.#isTruncated = false;
  }

  #replace(result: StreamResult): void {
    this.#clear();
    this.#text.append(result.text);
    this.#reasoning.append(result.reasoning);
    this.#refusal.append(result.refusal ?? '');
    this.#toolCalls = result.toolCalls;
    this.#toolResults = toolResultsOf(result.messages ?? []);
    this.#isTruncated = result.truncated ?? false;
    this.#usage = result.usage;
    this.#isEmpty = false;
  }
}

function toolResultsOf(messages: readonly Message[]): Part[] {
  return messages.flatMap(({ role, content }) => (role === 'tool' && typeof content !== 'string' ? content : []));
}
