import { type AnswerParts, appendPart, continueText, messagesOf } from './answer-parts.ts';
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
  #lengths = { text: 0, reasoning: 0 };
  #parts: AnswerParts | undefined;
  #toolCalls: readonly ToolCall[] = [];
  #usage: Usage = noUsage;
  #usageOverAllAttempts: Usage | undefined;
  #finishReason: FinishReason | undefined;
  #isEmpty = true;
  #isWritingCall = false;
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

  /** Of text and reasoning so far, in characters. */
  get length(): number {
    return this.#lengths.text + this.#lengths.reasoning;
  }

  /** Whether what came last is text: neither a thought nor a call that may be half done. */
  get endsInText(): boolean {
    return this.#parts?.piece.type === 'text' && !this.#isWritingCall;
  }

  /** The id of the text or reasoning that came last. */
  get partId(): string | undefined {
    const piece = this.#parts?.piece;
    return piece && 'start' in piece ? piece.id : undefined;
  }

  /** The event that stands for all events so far. */
  snapshotEvent(): Extract<StreamEvent, { readonly type: 'snapshot' }> {
    const { partId } = this;
    return { type: 'snapshot', result: this.snapshot(), ...(partId !== undefined && { partId }) };
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
        this.#parts = continueText(this.#parts, 'text', event, this.#lengths.text);
        this.#lengths.text += event.text.length;
        if (event.text !== '') this.#isEmpty = false;
        this.#text.append(event.text);
        break;
      case 'reasoning-delta':
        this.#parts = continueText(this.#parts, 'reasoning', event, this.#lengths.reasoning);
        this.#lengths.reasoning += event.text.length;
        if (event.text !== '') this.#isEmpty = false;
        this.#reasoning.append(event.text);
        break;
      case 'refusal-delta':
        this.#isEmpty = false;
        this.#refusal.append(event.text);
        break;
      case 'tool-input-delta':
        this.#isWritingCall = true;
        return false;
      case 'tool-call': {
        this.#isEmpty = false;
        this.#isWritingCall = false;
        const { toolCallId, toolName, input, providerMetadata } = event;
        const call: ToolCall = { toolCallId, toolName, input, ...(providerMetadata && { providerMetadata }) };
        this.#toolCalls = [...this.#toolCalls, call];
        this.#parts = appendPart(this.#parts, { type: 'tool-call', ...call });
        break;
      }
      case 'tool-result': {
        const { toolCallId, toolName, output, isError } = event;
        this.#parts = appendPart(this.#parts, { type: 'tool-result', toolCallId, toolName, output, ...(isError && { isError }) });
        break;
      }
      case 'message':
        this.#parts = appendPart(this.#parts, { type: 'message', message: event.message });
        break;
      case 'seam':
        this.#isWritingCall = false;
        return false;
      case 'provider-item':
        this.#parts = appendPart(this.#parts, { type: 'provider-item', format: event.format, item: event.item });
        break;
      case 'usage':
        this.#usage = event.usage;
        break;
      case 'finish':
        this.#usage = event.usage;
        this.#usageOverAllAttempts = event.usageOverAllAttempts;
        this.#finishReason = event.finishReason;
        break;
      case 'restart':
        this.clear();
        break;
      case 'snapshot':
        this.#replace(event.result, event.partId);
        break;
      default:
        return false;
    }
    return true;
  }

  snapshot(): StreamResult {
    const text = this.#text.read();
    const reasoning = this.#reasoning.read();
    const refusal = this.#refusal.read();
    const usageOverAllAttempts = this.#usageOverAllAttempts;
    const truncated = this.#isTruncated || this.#text.truncated || this.#reasoning.truncated || this.#refusal.truncated;
    const parts = this.#parts;
    const lengths = { ...this.#lengths };
    let messages: readonly Message[] | undefined;
    return {
      text,
      reasoning,
      ...(refusal && { refusal }),
      toolCalls: this.#toolCalls,
      // Put together when somebody asks: who shows a growing text does not.
      get messages() {
        messages ??=
          refusal && text === ''
            ? [...messagesOf(parts, { text, reasoning, lengths }), refused(refusal)]
            : messagesOf(parts, { text, reasoning, lengths });
        return messages;
      },
      usage: this.#usage,
      ...(usageOverAllAttempts && { usageOverAllAttempts }),
      finishReason: this.#finishReason,
      ...(truncated && { truncated }),
    };
  }

  /** Forgets everything. */
  clear(): void {
    for (const buffer of [this.#text, this.#reasoning, this.#refusal]) buffer.clear();
    this.#lengths = { text: 0, reasoning: 0 };
    this.#parts = undefined;
    this.#toolCalls = [];
    this.#usage = noUsage;
    this.#usageOverAllAttempts = undefined;
    this.#finishReason = undefined;
    this.#isEmpty = true;
    this.#isWritingCall = false;
    this.#isTruncated = false;
  }

  #replace(result: StreamResult, partId: string | undefined): void {
    this.clear();
    const messages = withoutRefusal(result);
    const said = messages.flatMap((message) => (isOfAnswer(message) ? partsOf(message) : []));
    const joined = (type: 'text' | 'reasoning') => said.map((part) => (part.type === type ? part.text : '')).join('');
    // Messages are what goes back to a provider; where they say something else, what is shown is the result's own text.
    const isTold = joined('text') === result.text && joined('reasoning') === result.reasoning;
    if (!isTold) {
      this.#restore({ type: 'reasoning', text: result.reasoning });
      this.#restore({ type: 'text', text: result.text });
    }
    for (const message of messages) {
      if (!isOfAnswer(message)) this.#parts = appendPart(this.#parts, { type: 'message', message });
      else for (const part of partsOf(message)) if (isTold || (part.type !== 'text' && part.type !== 'reasoning')) this.#restore(part);
    }
    this.#refusal.append(result.refusal ?? '');
    this.#toolCalls = result.toolCalls;
    this.#isTruncated = result.truncated ?? false;
    this.#usage = result.usage;
    this.#isEmpty = false;
    const last = this.#parts;
    if (partId !== undefined && last && 'start' in last.piece) this.#parts = { ...last, piece: { ...last.piece, id: partId } };
  }

  #restore(part: Part): void {
    if (part.type === 'image') return;
    if (part.type !== 'text' && part.type !== 'reasoning') this.#parts = appendPart(this.#parts, part);
    else if (part.text !== '' || part.providerMetadata) {
      this.add({ ...part, type: `${part.type}-delta`, id: `restored-${this.#parts?.count ?? 0}` } as StreamEvent);
    }
  }
}

function isOfAnswer({ role }: Message): boolean {
  return role === 'assistant' || role === 'tool';
}

function partsOf({ content }: Message): readonly Part[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

/** A refusal is told as a message where nothing else was said; it is no text of the answer. */
function withoutRefusal({ messages = [], refusal, text }: StreamResult): readonly Message[] {
  const isRefused = refusal && text === '' && messages.at(-1)?.content === refusal;
  return isRefused ? messages.slice(0, -1) : messages;
}

function refused(content: string): Message {
  return { role: 'assistant', content };
}
