import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject, textOf } from '../core/json-value.ts';
import { malformedStream } from './stream-errors.ts';
import { ToolCallIds } from './tool-call-id.ts';
import { appendToolInput, checkToolCalls, isNoInput, isWholeInput, parseToolInput, withoutPlaceholder } from './tool-input.ts';

/** A block that only the provider understands: thinking that is redacted, a tool that it runs itself, and what that found. */
interface ProviderBlock {
  readonly block: JsonObject;
  input: string;
  /** What a delta replaces or adds of the block. */
  told: JsonObject;
}

interface ToolBlock {
  /** Empty where the block's beginning was lost. */
  readonly id: string;
  /** What the provider calls it. */
  readonly ownId: string;
  readonly name: string;
  /** Input that came with the beginning of the block; empty where none did. */
  readonly begun: string;
  input: string;
}

type ToolCallEvent = Extract<ProviderEvent, { readonly type: 'tool-call' }>;
type ItemEvent = Extract<ProviderEvent, { readonly type: 'provider-item' }>;

/**
 * Assembles the tool calls of a message, and what is the provider's own, from its content blocks.
 *
 * A call is emitted when its block stops with an input that is whole. Whether an empty one is a call without input or one that the limit on
 * tokens has cut off, is known when another block begins, or with the stop reason; whether a broken one is cut off or an error, with that alone.
 */
export class AnthropicBlocks {
  readonly #tools = new Map<unknown, ToolBlock>();
  /** Blocks that are not for us to read, and have not stopped. */
  readonly #items = new Map<unknown, ProviderBlock>();
  /** Calls that wait for the stop reason. */
  readonly #pending: ToolBlock[] = [];
  readonly #ids = new ToolCallIds();
  readonly #messageId: string;
  #count = 0;

  /** @param messageId Empty where it is not known. */
  constructor(messageId = '') {
    this.#messageId = messageId;
  }

  /** The calls without input that have stopped: where another block begins, no limit on tokens has cut them off. */
  takeEmpty(): readonly ToolCallEvent[] {
    if (this.#pending.length === 0) return [];
    const waiting = this.#pending.splice(0);
    this.#pending.push(...waiting.filter(({ input }) => !isNoInput(input)));
    return waiting.filter(({ input }) => isNoInput(input)).map(callOf);
  }

  /** `content_block_start` of anything that is not text or thinking; gives the call that it takes the place of, if that is whole. */
  start(index: unknown, block: JsonObject): ToolCallEvent | undefined {
    if (block.type !== 'tool_use') {
      checkToolCalls(this.#items.size);
      this.#items.set(index, { block, input: '', told: {} });
      return undefined;
    }
    const known = this.#tools.get(index);
    // The same beginning twice.
    if (known !== undefined && known.ownId === block.id) return undefined;
    const ended = known === undefined ? undefined : this.#stopTool(index, known);
    this.#items.delete(index);
    this.#open(index, textOf(block.id), textOf(block.name), begunInput(block.input));
    return ended;
  }

  /** `input_json_delta`. */
  append(index: unknown, delta: string): ProviderEvent | undefined {
    if (delta === '') return undefined;
    const item = this.#items.get(index);
    if (item !== undefined) {
      item.input = appendToolInput(item.input, delta);
      return undefined;
    }
    // A beginning that was lost shows at the end, as a call without a name.
    const block = this.#tools.get(index) ?? this.#open(index, '', '', '');
    block.input = appendToolInput(block.input, delta);
    return block.id === '' ? undefined : { type: 'tool-input-delta', toolCallId: block.id, delta };
  }

  /** `compaction_delta`: the summary, whole. */
  compact(index: unknown, delta: JsonObject): void {
    const item = this.#items.get(index);
    if (item === undefined) return;
    item.told = { ...delta, type: item.block.type };
  }

  /** `content_block_stop`: the call, if it is whole, or what is the provider's own. */
  stop(index: unknown): ToolCallEvent | ItemEvent | undefined {
    const item = this.#items.get(index);
    if (item !== undefined) {
      this.#items.delete(index);
      return isItem(item) ? itemOf(item) : undefined;
    }
    const block = this.#tools.get(index);
    return block === undefined ? undefined : this.#stopTool(index, block);
  }

  #stopTool(index: unknown, block: ToolBlock): ToolCallEvent | undefined {
    this.#tools.delete(index);
    block.input = withoutPlaceholder(block.input || block.begun);
    if (isWholeInput(block.input)) return callOf(block);
    this.#pending.push(block);
    return undefined;
  }

  /**
   * The calls that waited for the stop reason; those before a broken one are given before it throws.
   *
   * @param cutShort Whether the answer stopped at a limit or was refused: then a call that is not whole is left out.
   */
  *end(cutShort: boolean): Iterable<ToolCallEvent | ItemEvent> {
    for (const item of this.#items.values()) if (isItem(item) && (!cutShort || isWholeInput(item.input))) yield itemOf(item);
    for (const block of [...this.#pending, ...this.#tools.values()]) {
      block.input = withoutPlaceholder(block.input || block.begun);
      if (!cutShort || isWholeInput(block.input)) yield callOf(block);
    }
  }

  #open(index: unknown, ownId: string, name: string, begun: string): ToolBlock {
    checkToolCalls(this.#count++);
    const id = ownId && this.#ids.give(ownId, this.#messageId);
    const block: ToolBlock = { id, ownId, name, begun, input: '' };
    this.#tools.set(index, block);
    return block;
  }
}

/** A block without a type is no block. */
function isItem({ block }: ProviderBlock): boolean {
  return typeof block.type === 'string' && block.type !== '';
}

/** A tool's input that is broken is left as the block's beginning had it: it has been run already, and not by us. */
function itemOf({ block, input: written, told }: ProviderBlock): ItemEvent {
  const input = withoutPlaceholder(written);
  const item = { ...block, ...told, ...(isWholeInput(input) && { input: parseToolInput(input) }) };
  return { type: 'provider-item', format: 'anthropic', item };
}

function callOf(block: ToolBlock): ToolCallEvent {
  if (block.id === '' || block.name === '') throw malformedStream('a tool call without a name or an id');
  return { type: 'tool-call', toolCallId: block.id, toolName: block.name, input: parseToolInput(block.input) };
}

/** Gateways send the input as text, too. An empty object stands in every beginning. */
function begunInput(value: unknown): string {
  const input = isObject(value) ? JSON.stringify(value) : textOf(value);
  return input.trim() === '{}' ? '' : appendToolInput('', input);
}
