import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';
import type { ProviderMetadata } from '../core/request.ts';
import { extraContentOf, wordOf } from './openai-delta.ts';
import { malformedStream } from './stream-errors.ts';
import { ToolCallIds } from './tool-call-id.ts';
import { appendToolInput, checkToolCalls, isWholeInput, parseToolInput, splitToolInputs } from './tool-input.ts';

interface OpenCall {
  /** Settled when the first event needs it. */
  id: string | undefined;
  /** What the provider itself called it. */
  ownId: string | undefined;
  name: string;
  input: string;
  /** What the provider wants back with the call: Gemini's signature of its thought. */
  metadata: ProviderMetadata | undefined;
  /** A custom tool's input is text, not JSON. */
  readonly custom: boolean;
  /** Whether its beginning had an index. */
  readonly indexed: boolean;
}

type ToolCallEvent = Extract<ProviderEvent, { readonly type: 'tool-call' }>;

/**
 * Assembles the tool calls of a chat completion.
 *
 * Providers leave out the index, begin it at 1 or reuse it; repeat the id, leave it out or send `"null"`; send the name late, or again and
 * empty. A call begins at an index or an id not seen before, or where an id changes and a name comes with it.
 */
export class OpenAIToolCalls {
  readonly #calls: OpenCall[] = [];
  readonly #byIndex = new Map<unknown, OpenCall>();
  readonly #ids = new ToolCallIds();
  #last: OpenCall | undefined;

  /** Takes one entry of `delta.tool_calls`. */
  add(entry: unknown, responseId: string): ProviderEvent | undefined {
    if (!isObject(entry)) return undefined;
    const about = isObject(entry.function) ? entry.function : isObject(entry.custom) ? entry.custom : {};
    const name = typeof about.name === 'string' ? about.name : '';
    const call = this.#find(entry, name);
    this.#last = call;
    if (call.name === '') call.name = name;
    call.metadata = extraContentOf(entry) ?? call.metadata;
    const delta = inputOf(call.custom ? about.input : about.arguments);
    if (delta === '') return undefined;
    call.input = appendToolInput(call.input, delta);
    return { type: 'tool-input-delta', toolCallId: this.#settleId(call, responseId), delta };
  }

  /**
   * The calls, each whole; those before a broken one are given before it throws.
   *
   * @param cutShort Whether the answer stopped at a limit or a filter: then a call that is not whole is left out; else it is an error.
   */
  *end(cutShort: boolean, responseId: string): Iterable<ToolCallEvent> {
    for (const call of this.#calls) {
      // Only metadata rode on it.
      if (call.name === '' && call.input === '') continue;
      if (call.name === '') throw malformedStream('a tool call without a name');
      if (cutShort && !isWholeInput(call.input)) continue;
      const inputs = call.custom || isWholeInput(call.input) ? undefined : splitToolInputs(call.input);
      const [first = call.input, ...more] = inputs ?? [];
      const input = call.custom ? call.input : parseToolInput(first);
      const id = this.#settleId(call, responseId);
      const { name: toolName } = call;
      const providerMetadata = metadataOf(call);
      yield { type: 'tool-call', toolCallId: id, toolName, input, ...(providerMetadata && { providerMetadata }) };
      for (const other of more) {
        yield { type: 'tool-call', toolCallId: this.#ids.give(undefined, responseId), toolName: call.name, input: parseToolInput(other) };
      }
    }
  }

  #find(entry: JsonObject, name: string): OpenCall {
    const ownId = idOf(entry.id);
    const index = entry.index ?? undefined;
    const known = index === undefined ? this.#last : (this.#byIndex.get(index) ?? this.#unindexed(name, ownId));
    const same = ownId === undefined ? undefined : this.#calls.find((call) => call.ownId === ownId);
    // One id for two calls: each has an index and a name.
    if (same !== undefined && (known !== undefined || name === '' || index === undefined)) return same;
    if (known === undefined) return this.#begin(entry, index, ownId);
    if (name === '') {
      // An id that comes late; where one is known, another is noise.
      known.ownId ??= ownId;
      return known;
    }
    const anotherId = ownId !== undefined && known.ownId !== undefined;
    const anotherName = known.name !== '' && (name !== known.name || (index === undefined && ownId === undefined));
    if (anotherId || anotherName) return this.#begin(entry, index, ownId);
    known.ownId ??= ownId;
    return known;
  }

  /** What continues a call may have an index that its beginning had not. */
  #unindexed(name: string, ownId: string | undefined): OpenCall | undefined {
    return name === '' && ownId === undefined && this.#last?.indexed === false ? this.#last : undefined;
  }

  #begin(entry: JsonObject, index: unknown, ownId: string | undefined): OpenCall {
    checkToolCalls(this.#calls.length);
    const custom = entry.type === 'custom' || isObject(entry.custom);
    const call: OpenCall = { id: undefined, ownId, name: '', input: '', metadata: undefined, custom, indexed: index !== undefined };
    this.#calls.push(call);
    if (index !== undefined) this.#byIndex.set(index, call);
    return call;
  }

  #settleId(call: OpenCall, responseId: string): string {
    call.id ??= this.#ids.give(call.ownId, responseId);
    return call.id;
  }
}

/** A call of a custom tool goes back as one. */
function metadataOf({ metadata, custom }: OpenCall): ProviderMetadata | undefined {
  return custom ? { openai: { ...metadata?.openai, type: 'custom' } } : metadata;
}

function idOf(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : wordOf(value);
}

function inputOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : '';
}
