import { eventsOfSnapshot, publicError, WholeCharacters } from '../endpoint.ts';
import { type EventLike, isProviderError, type ProviderMetadata, type StreamEvent, type Usage } from '../index.ts';
import type { AgUiEvent, AgUiUsage } from './ag-ui-event.ts';
import { encryptedItem, encryptedMetadata } from './encrypted-value.ts';
import { type AgUiMessage, type AgUiRun, isOfRun, messagesBefore } from './run-agent-input.ts';
import { RunCalls } from './run-calls.ts';

type Kind = 'text' | 'reasoning' | 'refusal';

interface Piece {
  readonly id: string;
  readonly text: string;
  readonly providerMetadata?: ProviderMetadata | undefined;
}

/** A message that is being written. */
interface OpenMessage {
  readonly kind: Kind;
  readonly id: string;
  /** Of the part of the answer that is written; a message may hold several texts. */
  part: string;
  isJoined: boolean;
  metadata: ProviderMetadata | undefined;
}

/**
 * Says events as those of AG-UI: a plain state machine.
 *
 * A client's messages are put right by a snapshot of those before the run where what was said is void.
 */
export class EventWriter {
  readonly #run: AgUiRun;
  readonly #history: readonly AgUiMessage[];
  readonly #calls: RunCalls;
  readonly #characters = new WholeCharacters();
  #events: AgUiEvent[] = [];
  #open: OpenMessage | undefined;
  /** The message of the model that calls belong to, while nothing else was said since. */
  #parent: string | undefined;
  #hasContent = false;
  /** Reasoning of which only its empty message is left: a client removes none that no other takes the place of. */
  #emptied: string | undefined;
  #lastReasoning: string | undefined;
  #target: { readonly provider?: string; readonly model?: string } = {};
  #usage: Usage | undefined;
  readonly #seen: ReadonlySet<string>;
  #ids = 0;

  constructor(run: AgUiRun) {
    this.#run = run;
    this.#history = messagesBefore(run).filter(({ role }) => role !== 'activity');
    this.#calls = new RunCalls(this.#history);
    this.#seen = new Set(run.messages.map(({ id }) => id));
  }

  /** How a run begins, before anything is known of its answer. */
  begin(): readonly AgUiEvent[] {
    const { threadId, runId, messages } = this.#run;
    this.#events.push({ type: 'RUN_STARTED', threadId, runId });
    const own = messages.filter((message) => isOfRun(message, runId));
    // It is asked for once more, by a client that has read some of it.
    if (own.length > 0) this.#tellHistory(own.find(({ role }) => role === 'reasoning')?.id);
    return this.#taken();
  }

  /** The events of AG-UI that an event is. */
  push(event: EventLike): readonly AgUiEvent[] {
    for (const each of this.#characters.push(event)) this.#tell(each as StreamEvent);
    return this.#taken();
  }

  /** The end where it was none, in the words for end users; what was cancelled is finished as that. */
  fail(error: unknown): readonly AgUiEvent[] {
    for (const each of this.#characters.end()) this.#tell(each as StreamEvent);
    this.#close();
    const { threadId, runId } = this.#run;
    const { message, category } = publicError(error);
    const usage = this.#used();
    if (isProviderError(error) && category === 'cancelled') {
      this.#events.push({ type: 'RUN_FINISHED', threadId, runId, outcome: { type: 'cancelled' }, ...usage });
    } else {
      this.#events.push({ type: 'RUN_ERROR', message, code: category, ...usage });
    }
    return this.#taken();
  }

  #taken(): readonly AgUiEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #tell(event: StreamEvent): void {
    switch (event.type) {
      case 'start':
        this.#target = { provider: event.provider, model: event.model };
        this.#custom('start', event);
        break;
      case 'text-delta':
        this.#write('text', event);
        break;
      case 'reasoning-delta':
        this.#write('reasoning', event);
        break;
      case 'refusal-delta':
        this.#write('refusal', event);
        break;
      case 'tool-call':
        this.#call(event);
        break;
      case 'tool-result':
        this.#answer(event);
        break;
      case 'provider-item':
        this.#encrypt('message', this.#begin('reasoning', '').id, encryptedItem(event));
        this.#close();
        break;
      case 'restart':
        this.#target = { provider: event.provider, model: event.model };
        this.#void();
        this.#custom('restart', { ...event, error: publicError(event.error) });
        break;
      case 'seam':
        this.#target = { provider: event.provider, model: event.model };
        this.#custom('seam', event);
        break;
      case 'retry':
        this.#custom('retry', { ...event, error: publicError(event.error) });
        break;
      case 'snapshot':
        this.#void();
        for (const each of eventsOfSnapshot(event)) this.#tell(each);
        break;
      case 'usage':
        this.#usage = event.usage;
        break;
      case 'finish':
        this.#finish(event);
        break;
      case 'raw':
      case 'rate-limits':
        break;
      case 'message':
        this.#parent = undefined;
        this.#close();
        this.#custom('message', event);
        break;
      default:
        this.#custom((event as EventLike).type, event);
    }
  }

  #custom(name: string, event: object): void {
    const { type: _type, cursor: _cursor, ...value } = event as EventLike & { readonly cursor?: unknown };
    this.#events.push({ type: 'CUSTOM', name, value });
  }

  #write(kind: Kind, { id: part, text: delta, providerMetadata }: Piece): void {
    if (delta === '' && providerMetadata === undefined) return;
    let open = this.#open;
    if (open?.kind !== kind || (open.part !== part && mustBeApart(open, providerMetadata))) open = this.#begin(kind, part);
    if (open.part !== part) open.isJoined = true;
    open.part = part;
    // What was signed is one text, and not several.
    if (providerMetadata && !open.isJoined) open.metadata = merged(open.metadata, providerMetadata);
    if (delta === '') return;
    this.#events.push({
      type: kind === 'reasoning' ? 'REASONING_MESSAGE_CONTENT' : 'TEXT_MESSAGE_CONTENT',
      messageId: open.id,
      delta,
    });
  }

  #begin(kind: Kind, part: string): OpenMessage {
    this.#close();
    this.#hasContent = true;
    this.#parent = undefined;
    const messageId = (kind === 'reasoning' ? this.#emptied : undefined) ?? this.#newId();
    // It stands where it stood: behind anything else, reasoning would be in the wrong place.
    this.#emptied = undefined;
    if (kind === 'reasoning') {
      this.#lastReasoning = messageId;
      this.#events.push({ type: 'REASONING_START', messageId }, { type: 'REASONING_MESSAGE_START', messageId, role: 'reasoning' });
    } else {
      const metadata = kind === 'refusal' ? { metadata: { refusal: true } } : {};
      this.#events.push({ type: 'TEXT_MESSAGE_START', messageId, role: 'assistant', ...metadata });
    }
    const open = { kind, id: messageId, part, isJoined: false, metadata: undefined };
    this.#open = open;
    return open;
  }

  #close(): void {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    const { kind, id: messageId, metadata } = open;
    if (metadata) this.#encrypt('message', messageId, encryptedMetadata(metadata));
    if (kind === 'reasoning') {
      this.#events.push({ type: 'REASONING_MESSAGE_END', messageId }, { type: 'REASONING_END', messageId });
    } else {
      this.#parent = messageId;
      this.#events.push({ type: 'TEXT_MESSAGE_END', messageId });
    }
  }

  #encrypt(subtype: 'message' | 'tool-call', entityId: string, encryptedValue: string): void {
    this.#events.push({ type: 'REASONING_ENCRYPTED_VALUE', subtype, entityId, encryptedValue });
  }

  #call(event: Pick<Extract<StreamEvent, { readonly type: 'tool-call' }>, 'toolCallId' | 'toolName' | 'input' | 'providerMetadata'>): void {
    this.#close();
    this.#hasContent = true;
    this.#emptied = undefined;
    this.#parent ??= this.#newId();
    const { toolName: toolCallName, input, providerMetadata } = event;
    const toolCallId = this.#calls.begin(event.toolCallId);
    this.#events.push({ type: 'TOOL_CALL_START', toolCallId, toolCallName, parentMessageId: this.#parent });
    this.#events.push({ type: 'TOOL_CALL_ARGS', toolCallId, delta: JSON.stringify(input ?? {}) });
    if (providerMetadata) this.#encrypt('tool-call', toolCallId, encryptedMetadata(providerMetadata));
    this.#events.push({ type: 'TOOL_CALL_END', toolCallId });
  }

  #answer(event: Extract<StreamEvent, { readonly type: 'tool-result' }>): void {
    let toolCallId = this.#calls.answer(event.toolCallId);
    if (toolCallId === undefined) {
      this.#call({ ...event, input: {}, providerMetadata: undefined });
      toolCallId = this.#calls.answer(event.toolCallId) as string;
    }
    this.#close();
    this.#parent = undefined;
    const { output, isError } = event;
    this.#events.push({
      type: 'TOOL_CALL_RESULT',
      messageId: this.#newId(),
      toolCallId,
      content: typeof output === 'string' ? output : JSON.stringify(output ?? null),
      role: 'tool',
      ...(isError && { metadata: { isError: true } }),
    });
  }

  #void(): void {
    this.#close();
    this.#parent = undefined;
    if (!this.#hasContent) return;
    this.#hasContent = false;
    this.#calls.clear();
    this.#tellHistory(this.#lastReasoning);
  }

  /** What is not in the snapshot is removed by the client; reasoning only where the snapshot has some. */
  #tellHistory(reasoning: string | undefined): void {
    this.#emptied = reasoning;
    this.#lastReasoning = undefined;
    const emptied = reasoning === undefined ? [] : [{ id: reasoning, role: 'reasoning', content: '' } as AgUiMessage];
    this.#events.push({ type: 'MESSAGES_SNAPSHOT', messages: [...this.#history, ...emptied] });
  }

  #finish(event: Extract<StreamEvent, { readonly type: 'finish' }>): void {
    this.#close();
    const { finishReason, rawFinishReason, usage } = event;
    this.#usage = usage;
    const { threadId, runId } = this.#run;
    const { pending } = this.#calls;
    this.#events.push({
      type: 'RUN_FINISHED',
      threadId,
      runId,
      result: { finishReason, rawFinishReason },
      outcome: { type: 'success', ...(pending.length > 0 && { pendingToolCallIds: pending }) },
      ...this.#used(),
    });
  }

  #used(): { readonly usage?: readonly AgUiUsage[] } {
    return this.#usage ? { usage: [usageOf(this.#usage, this.#target)] } : {};
  }

  /** Of no other run, so that nothing is added to a message that is there. */
  #newId(): string {
    for (;;) {
      const id = `${this.#run.runId}/${++this.#ids}`;
      if (!this.#seen.has(id)) return id;
    }
  }
}

/** Reasoning is checked by its provider part by part; texts are one message, unless one of them is signed. */
function mustBeApart({ kind, metadata }: OpenMessage, told: ProviderMetadata | undefined): boolean {
  return kind === 'reasoning' || metadata !== undefined || told !== undefined;
}

function merged(known: ProviderMetadata | undefined, told: ProviderMetadata): ProviderMetadata {
  const all: Record<string, Readonly<Record<string, unknown>>> = { ...known };
  for (const [format, metadata] of Object.entries(told)) all[format] = { ...all[format], ...metadata };
  return all;
}

function usageOf(usage: Usage, target: object): AgUiUsage {
  const { inputTokens, outputTokens, totalTokens, reasoningTokens, cachedInputTokens, cacheWriteTokens: cacheWriteInputTokens } = usage;
  const counts = { inputTokens, outputTokens, totalTokens, reasoningTokens, cachedInputTokens, cacheWriteInputTokens };
  return {
    ...target,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => Number.isSafeInteger(count) && Number(count) >= 0)),
  };
}
