import type { ProviderEvent } from '../core/event.ts';
import type { JsonObject } from '../core/json-value.ts';
import { responsesFormat, restOfItem } from './openai-responses-item.ts';
import { malformedStream } from './stream-errors.ts';
import { ToolCallIds } from './tool-call-id.ts';
import { appendToolInput, checkToolCalls, isNoInput, isWholeInput, parseToolInput } from './tool-input.ts';

interface OpenCall {
  readonly place: number;
  /** Empty until it is told. */
  id: string;
  name: string;
  /** A custom tool's input is text, not JSON. */
  isCustom: boolean;
  /** Of the deltas. */
  input: string;
  /** As the provider repeats it at the end: what is run must not lack a delta that was lost. */
  whole: string;
  state: 'open' | 'done' | 'incomplete' | 'told';
  /** What goes back with it. */
  metadata: JsonObject | undefined;
}

/**
 * Assembles the calls of functions and custom tools.
 *
 * A call is emitted when its item is done, with an input that is whole. Whether another one is a call cut off by a limit, or an error, is known
 * only at the end of the answer.
 */
export class ResponsesCalls {
  readonly #events: ProviderEvent[];
  readonly #calls = new Map<number, OpenCall>();
  /** What was said under each id. */
  readonly #told = new Map<string, string>();
  readonly #ids = new ToolCallIds();
  readonly #responseId: () => string;

  /**
   * @param events Where the events go.
   * @param responseId Of the answer; empty where it is not known.
   */
  constructor(events: ProviderEvent[], responseId: () => string) {
    this.#events = events;
    this.#responseId = responseId;
  }

  /** Whether a call was emitted. */
  get called(): boolean {
    return this.#told.size > 0;
  }

  /** The item of a call begins. */
  begin(place: number, item: JsonObject): void {
    name(this.#at(place), item);
  }

  /** A piece of the input. */
  append(place: number, delta: string, isCustom: boolean): void {
    if (delta === '') return;
    const call = this.#at(place);
    if (isCustom) call.isCustom = true;
    call.input = appendToolInput(call.input, delta);
    if (call.id !== '' && call.state !== 'told') this.#events.push({ type: 'tool-input-delta', toolCallId: call.id, delta });
  }

  /** The input is all there; the item may still be told to be incomplete. */
  finishInput(place: number, input: unknown, isCustom: boolean): void {
    const call = this.#at(place);
    if (isCustom) call.isCustom = true;
    call.whole = inputOf(input) || call.whole;
  }

  /** The item of a call is done. */
  finish(place: number, item: JsonObject): void {
    const call = this.#at(place);
    if (call.state === 'told') return;
    name(call, item);
    call.whole = inputOf(call.isCustom ? item.input : item.arguments) || call.whole;
    call.state = item.status === 'incomplete' ? 'incomplete' : 'done';
    const input = call.whole || call.input;
    const isWhole = call.isCustom || isNoInput(input) || isWholeInput(input);
    if (call.state === 'done' && call.name !== '' && isWhole) this.#tell(call, input);
  }

  /**
   * The same at the end of the answer, where a call may stand at another place than before.
   *
   * @param isLate Whether a call that is not known here was delivered by another.
   */
  finishAnywhere(place: number, item: JsonObject, isLate: boolean): void {
    const here = this.#calls.get(place);
    const same = [...this.#calls.values()].find(({ id }) => id !== '' && id === item.call_id);
    const known = same ?? (here?.id === '' ? here : undefined);
    if (known !== undefined) this.finish(known.place, item);
    // No other call has a place between two others.
    else if (!isLate) this.finish(here === undefined ? place : place + 0.5, item);
  }

  /**
   * The calls that waited for the end; those before a broken one are given before it throws.
   *
   * @param cutShort Whether the answer stopped at a limit or a filter: then a call that is not whole is left out; else it is an error.
   */
  end(cutShort: boolean): void {
    for (const call of this.#calls.values()) {
      if (call.state === 'told') continue;
      const input = call.whole || call.input;
      if (cutShort && (call.name === '' || call.isCustom || call.state === 'incomplete' || !isWholeInput(input))) continue;
      if (call.name === '') throw malformedStream('a tool call without a name');
      if (call.isCustom && call.state === 'incomplete') throw malformedStream('a tool call that is not whole');
      this.#tell(call, input);
    }
  }

  #tell(call: OpenCall, input: string): void {
    const { isCustom, name: toolName, metadata } = call;
    const value = isCustom ? input : parseToolInput(input);
    call.state = 'told';
    const said = `${toolName} ${input}`;
    // One call at two places.
    if (call.id !== '' && this.#told.get(call.id) === said) return;
    const toolCallId = this.#ids.give(call.id, this.#responseId(), `${toolName}/${call.place}`);
    this.#told.set(toolCallId, said);
    const providerMetadata = metadata && { [responsesFormat]: metadata };
    this.#events.push({ type: 'tool-call', toolCallId, toolName, input: value, ...(providerMetadata && { providerMetadata }) });
  }

  #at(place: number): OpenCall {
    let call = this.#calls.get(place);
    if (call === undefined) {
      checkToolCalls(this.#calls.size);
      call = { place, id: '', name: '', isCustom: false, input: '', whole: '', state: 'open', metadata: undefined };
      this.#calls.set(place, call);
    }
    return call;
  }
}

/** Takes what an item says of its call. */
function name(call: OpenCall, item: JsonObject): void {
  if (item.type === 'custom_tool_call') call.isCustom = true;
  if (call.name === '' && typeof item.name === 'string') call.name = item.name;
  if (call.id === '' && typeof item.call_id === 'string') call.id = item.call_id;
  const rest = restOfItem(item, ['call_id', 'name', 'arguments', 'input']);
  call.metadata = call.isCustom ? { ...rest, type: 'custom_tool_call' } : (rest ?? call.metadata);
}

/** Gateways send arguments as an object, too. */
function inputOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return typeof value === 'string' ? appendToolInput('', value) : '';
}
