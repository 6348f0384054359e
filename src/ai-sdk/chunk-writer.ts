import { eventsOfSnapshot, publicError, WholeCharacters } from '../endpoint.ts';
import { type EventLike, isProviderError, type ProviderMetadata, type StreamEvent } from '../index.ts';
import type { UIMessageChunk, UIRestart } from './ui-message-chunk.ts';

type Kind = 'text' | 'reasoning' | 'refusal';
type Snapshot = Extract<StreamEvent, { readonly type: 'snapshot' }>;

/** What a part that is being written belongs to. */
interface OpenPart {
  readonly kind: Kind;
  /** Of the chunks. */
  readonly id: string;
  /** Of the events; `undefined` after a seam, behind which the same text goes on under another name. */
  eventId: string | undefined;
  /** All that came with it: a chunk's takes the place of that before it. */
  metadata: ProviderMetadata | undefined;
}

/** How chunks are written, see {@link toUIMessageChunks}. */
export interface ChunkWriterConfig {
  readonly messageId?: string | undefined;
  readonly isReplay: boolean;
  readonly messageMetadata: (event: EventLike) => unknown;
}

/**
 * Says events as chunks of a UI message stream: a plain state machine.
 *
 * A message of the AI SDK only grows. What is void stays in it, before a `data-restart` part; a step begins there, too, so that a tool's
 * call of the same id is another.
 */
export class ChunkWriter {
  readonly #config: ChunkWriterConfig;
  readonly #characters = new WholeCharacters();
  #chunks: UIMessageChunk[] = [];
  #hasStarted = false;
  #hasContent = false;
  #isInStep = false;
  /** Whether a tool has answered in this step: what the model says next is another. */
  #hasResult = false;
  #open: OpenPart | undefined;
  #tools = new Set<string>();
  #ids = 0;

  constructor(config: ChunkWriterConfig) {
    this.#config = config;
  }

  /** The chunks that an event is. */
  push(event: EventLike): readonly UIMessageChunk[] {
    for (const each of this.#characters.push(event)) this.#tell(each as StreamEvent);
    return this.#taken();
  }

  /** The chunks of the end where it was none: `abort` for what was cancelled, else `error`, in the words for end users. */
  fail(error: unknown): readonly UIMessageChunk[] {
    for (const each of this.#characters.end()) this.#tell(each as StreamEvent);
    this.#close();
    const { message } = publicError(error);
    const isCancelled = isProviderError(error) && error.category === 'cancelled';
    this.#chunks.push(isCancelled ? { type: 'abort', reason: message } : { type: 'error', errorText: message });
    return this.#taken();
  }

  #taken(): readonly UIMessageChunk[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  #tell(event: StreamEvent): void {
    switch (event.type) {
      case 'start':
        this.#begin(event);
        break;
      case 'text-delta':
        this.#write('text', event.id, event.text, event.providerMetadata);
        break;
      case 'reasoning-delta':
        this.#write('reasoning', event.id, event.text, event.providerMetadata);
        break;
      case 'refusal-delta':
        this.#write('refusal', event.id, event.text, undefined);
        break;
      case 'tool-input-delta':
        this.#chunks.push({ type: 'data-tool-input', data: { toolCallId: event.toolCallId, delta: event.delta }, transient: true });
        break;
      case 'tool-call':
        this.#call(event);
        break;
      case 'tool-result':
        this.#answer(event);
        break;
      case 'source':
        // Told in the middle of a text, which goes on.
        this.#step();
        this.#chunks.push({
          type: 'source-url',
          sourceId: `source-${++this.#ids}`,
          url: event.url,
          ...(event.title !== undefined && { title: event.title }),
        });
        break;
      case 'provider-item':
        this.#other();
        this.#chunks.push({ type: 'data-provider-item', data: { format: event.format, item: event.item } });
        break;
      case 'message':
        this.#other();
        this.#chunks.push({ type: 'data-message', data: event.message });
        break;
      case 'retry': {
        const { attempt, delayMs } = event;
        this.#chunks.push({ type: 'data-retry', data: { attempt, delayMs, error: publicError(event.error) }, transient: true });
        break;
      }
      case 'seam': {
        const { attempt, provider, model } = event;
        if (this.#open) this.#open.eventId = undefined;
        this.#chunks.push({ type: 'data-seam', data: { attempt, provider, model }, transient: true });
        break;
      }
      case 'restart': {
        const { provider, model } = event;
        this.#void({ reason: 'restart', error: publicError(event.error), provider, model });
        break;
      }
      case 'snapshot':
        this.#replace(event);
        break;
      case 'usage':
        this.#begin();
        this.#metadata(event);
        break;
      case 'finish':
        this.#finish(event);
        break;
      default:
        this.#own(event);
    }
  }

  /** A part of somebody's own is a chunk already; the AI SDK refuses one with any other member, and a cursor would say that it can be asked for again. */
  #own(event: EventLike): void {
    const { type, id, data, transient } = event as EventLike & {
      readonly id?: string;
      readonly data?: unknown;
      readonly transient?: boolean;
    };
    if (!isOwn(type) || !('data' in event)) return;
    this.#chunks.push({ type, ...(id !== undefined && { id }), data, ...(transient !== undefined && { transient }) });
  }

  #begin(event?: EventLike): void {
    if (this.#hasStarted) {
      if (event) this.#metadata(event);
      return;
    }
    this.#hasStarted = true;
    const { messageId, isReplay, messageMetadata } = this.#config;
    const metadata = event && messageMetadata(event);
    this.#chunks.push({
      type: 'start',
      ...(messageId !== undefined && { messageId }),
      ...(metadata !== undefined && metadata !== null && { messageMetadata: metadata }),
    });
    // A chat that has lost its connection may still hold what it was told.
    if (isReplay) this.#mark({ reason: 'replay' });
  }

  #metadata(event: EventLike): void {
    const messageMetadata = this.#config.messageMetadata(event);
    if (messageMetadata !== undefined && messageMetadata !== null) this.#chunks.push({ type: 'message-metadata', messageMetadata });
  }

  /** Content begins that is no text, or goes on. */
  #other(): void {
    this.#close();
    this.#step();
  }

  #step(): void {
    this.#begin();
    this.#hasContent = true;
    if (this.#isInStep && this.#hasResult) this.#finishStep();
    if (!this.#isInStep) this.#chunks.push({ type: 'start-step' });
    this.#isInStep = true;
  }

  #finishStep(): void {
    if (this.#isInStep) this.#chunks.push({ type: 'finish-step' });
    this.#isInStep = false;
    this.#hasResult = false;
  }

  #write(kind: Kind, eventId: string, delta: string, metadata: ProviderMetadata | undefined): void {
    if (delta === '' && metadata === undefined) return;
    let open = this.#open;
    if (open && open.kind === kind && open.eventId === undefined) open.eventId = eventId;
    if (open?.kind !== kind || open.eventId !== eventId) {
      this.#other();
      open = { kind, id: `${++this.#ids}`, eventId, metadata: kind === 'refusal' ? refusalMetadata : undefined };
      this.#open = open;
      this.#chunks.push({ type: `${wireKind(kind)}-start`, id: open.id, ...(open.metadata && { providerMetadata: open.metadata }) });
    }
    if (metadata) {
      metadata = merged(open.metadata, metadata);
      open.metadata = metadata;
    }
    this.#chunks.push({ type: `${wireKind(kind)}-delta`, id: open.id, delta, ...(metadata && { providerMetadata: metadata }) });
  }

  #close(): void {
    if (this.#open) this.#chunks.push({ type: `${wireKind(this.#open.kind)}-end`, id: this.#open.id });
    this.#open = undefined;
  }

  #call({ toolCallId, toolName, input, providerMetadata }: Extract<StreamEvent, { readonly type: 'tool-call' }>): void {
    this.#other();
    this.#tools.add(toolCallId);
    this.#chunks.push({
      type: 'tool-input-available',
      toolCallId,
      toolName,
      // A value that JSON leaves out would leave the chunk without its input.
      input: input ?? null,
      ...(providerMetadata && { providerMetadata }),
    });
  }

  #answer({ toolCallId, toolName, output, isError }: Extract<StreamEvent, { readonly type: 'tool-result' }>): void {
    if (!this.#tools.has(toolCallId)) this.#call({ type: 'tool-call', toolCallId, toolName, input: {} });
    this.#close();
    this.#hasResult = true;
    this.#chunks.push(
      isError
        ? { type: 'tool-output-error', toolCallId, errorText: wordsOf(output) }
        : { type: 'tool-output-available', toolCallId, output: output ?? null },
    );
  }

  #replace(event: Snapshot): void {
    this.#void({ reason: 'snapshot' });
    for (const each of eventsOfSnapshot(event)) this.#tell(each);
  }

  #void(restart: UIRestart): void {
    this.#close();
    if (!this.#hasContent) return;
    this.#finishStep();
    this.#mark(restart);
    this.#hasContent = false;
    this.#tools = new Set();
  }

  #mark(data: UIRestart): void {
    this.#chunks.push({ type: 'data-restart', data });
  }

  #finish(event: Extract<StreamEvent, { readonly type: 'finish' }>): void {
    this.#begin();
    this.#close();
    this.#finishStep();
    const { finishReason } = event;
    const messageMetadata = this.#config.messageMetadata(event);
    this.#chunks.push({
      type: 'finish',
      finishReason: finishReason === 'refusal' ? 'content-filter' : finishReason,
      ...(messageMetadata !== undefined && messageMetadata !== null && { messageMetadata }),
    });
  }
}

/** On a text with which the model refused; it is shown, and is no text of the answer. */
export const refusalMetadata: ProviderMetadata = { steadystream: { refusal: true } };

function isOwn(type: string): type is `data-${string}` {
  return type.startsWith('data-');
}

function wireKind(kind: Kind): 'text' | 'reasoning' {
  return kind === 'reasoning' ? 'reasoning' : 'text';
}

function merged(known: ProviderMetadata | undefined, told: ProviderMetadata): ProviderMetadata {
  const all: Record<string, Readonly<Record<string, unknown>>> = { ...known };
  for (const [format, metadata] of Object.entries(told)) all[format] = { ...all[format], ...metadata };
  return all;
}

function wordsOf(output: unknown): string {
  if (typeof output === 'string') return output;
  try {
    return JSON.stringify(output) ?? String(output);
  } catch {
    return 'The tool failed.';
  }
}
