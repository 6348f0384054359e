import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject, textOf } from '../core/json-value.ts';
import { malformedStream } from './stream-errors.ts';
import { appendToolInput, checkToolCalls, isWholeInput, parseToolInput } from './tool-input.ts';

interface ToolBlock {
  /** Empty where the block's beginning was lost. */
  readonly id: string;
  readonly name: string;
  /** Input that came with the beginning of the block, whole. */
  readonly whole: unknown;
  input: string;
}

type ToolCallEvent = Extract<ProviderEvent, { readonly type: 'tool-call' }>;

/**
 * Assembles the tool calls of a message from its content blocks.
 *
 * A call is emitted when its block stops with an input that is whole. Whether an empty or a broken one is a call without input, a
 * call cut off by the limit on tokens, or an error, is known only with the stop reason.
 */
export class AnthropicBlocks {
  readonly #tools = new Map<unknown, ToolBlock>();
  /** Blocks of tools that the provider runs itself: their input is not ours. */
  readonly #foreign = new Set<unknown>();
  /** Calls that wait for the stop reason. */
  readonly #pending: ToolBlock[] = [];
  #count = 0;

  /** `content_block_start` of anything that is not text or thinking. */
  start(index: unknown, block: JsonObject): void {
    if (block.type !== 'tool_use') {
      if (this.#foreign.size < 1_024) this.#foreign.add(index);
      return;
    }
    const known = this.#tools.get(index);
    // The same beginning twice.
    if (known !== undefined && known.id === block.id) return;
    if (known !== undefined) this.#pending.push(known);
    this.#foreign.delete(index);
    const whole = isObject(block.input) && Object.keys(block.input).length > 0 ? block.input : undefined;
    this.#open(index, textOf(block.id), textOf(block.name), whole);
  }

  /** `input_json_delta`. */
  append(index: unknown, delta: string): ProviderEvent | undefined {
    if (delta === '' || this.#foreign.has(index)) return undefined;
    // A beginning that was lost shows at the end, as a call without a name.
    const block = this.#tools.get(index) ?? this.#open(index, '', '', undefined);
    block.input = appendToolInput(block.input, delta);
    return block.id === '' ? undefined : { type: 'tool-input-delta', toolCallId: block.id, delta };
  }

  /** `content_block_stop`: the call, if it is whole. */
  stop(index: unknown): ToolCallEvent | undefined {
    this.#foreign.delete(index);
    const block = this.#tools.get(index);
    if (block === undefined) return undefined;
    this.#tools.delete(index);
    if (isWholeInput(block.input) || (block.input === '' && block.whole !== undefined)) return callOf(block);
    this.#pending.push(block);
    return undefined;
  }

  /**
   * The calls that waited for the stop reason; those before a broken one are given before it throws.
   *
   * @param cutShort Whether the answer stopped at a limit or was refused: then a call that is not whole is left out.
   */
  *end(cutShort: boolean): Iterable<ToolCallEvent> {
    for (const block of [...this.#pending, ...this.#tools.values()]) {
      if (!cutShort || isWholeInput(block.input)) yield callOf(block);
    }
  }

  #open(index: unknown, id: string, name: string, whole: unknown): ToolBlock {
    checkToolCalls(this.#count++);
    const block: ToolBlock = { id, name, whole, input: '' };
    this.#tools.set(index, block);
    return block;
  }
}

function callOf(block: ToolBlock): ToolCallEvent {
  if (block.id === '' || block.name === '') throw malformedStream('a tool call without a name or an id');
  const input = block.input === '' && block.whole !== undefined ? block.whole : parseToolInput(block.input);
  return { type: 'tool-call', toolCallId: block.id, toolName: block.name, input };
}
