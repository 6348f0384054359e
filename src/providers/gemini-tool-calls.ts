import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';
import { PartialArguments } from './gemini-partial-arguments.ts';
import { malformedStream } from './stream-errors.ts';
import { ToolCallIds } from './tool-call-id.ts';
import { checkToolCalls, parseToolInput } from './tool-input.ts';

interface OpenCall {
  readonly id: string;
  /** What Gemini itself called it: only that may go back to it. */
  readonly ownId: string | undefined;
  readonly name: string;
  signature: string | undefined;
  /** Arguments that came in whole. */
  whole: unknown;
  readonly partial: PartialArguments;
}

/**
 * Assembles the tool calls of an answer from its `functionCall` parts.
 *
 * A call comes whole in one part; or its name comes first, then its arguments value by value, and the first part that does not say
 * `willContinue` ends it. It also ends where the next call begins or the answer does, unless a value was still to be continued.
 */
export class GeminiToolCalls {
  readonly #events: ProviderEvent[];
  readonly #ids = new ToolCallIds();
  #open: OpenCall | undefined;
  #called = false;
  #count = 0;

  /** @param events Where the events go. */
  constructor(events: ProviderEvent[]) {
    this.#events = events;
  }

  /** Whether there was a call. */
  get called(): boolean {
    return this.#called;
  }

  /** Takes the `functionCall` of one part, with the part's signature. */
  add(part: JsonObject, signature: string | undefined, responseId: string): void {
    const call = this.#continued(part) ?? this.#begin(part, responseId);
    if (call === undefined) return;
    call.signature ??= signature;
    if (part.args !== undefined && part.args !== null) call.whole = part.args;
    if (Array.isArray(part.partialArgs)) {
      let delta = '';
      for (const entry of part.partialArgs) delta += call.partial.add(entry);
      this.#tell(call, delta);
    }
    if (part.willContinue !== true) this.#close(call);
  }

  /** Ends the call that nobody ended. Of an answer cut short it is left out; one that is not whole is else an error. */
  end(cutShort: boolean): void {
    if (this.#open !== undefined && !cutShort) this.#close(this.#open);
  }

  #continued(part: JsonObject): OpenCall | undefined {
    const open = this.#open;
    if (open === undefined) return undefined;
    const isNamed = typeof part.name === 'string' && part.name !== '';
    if (!isNamed || (open.ownId !== undefined && part.id === open.ownId)) return open;
    this.#close(open);
    return undefined;
  }

  #begin(part: JsonObject, responseId: string): OpenCall | undefined {
    const { name } = part;
    if (typeof name !== 'string' || name === '') {
      // The end of a call that has ended already.
      if (part.args === undefined && part.partialArgs === undefined) return undefined;
      throw malformedStream('a tool call without a name');
    }
    checkToolCalls(this.#count);
    const ownId = typeof part.id === 'string' && part.id !== '' ? part.id : undefined;
    const id = this.#ids.give(ownId, responseId);
    this.#count++;
    this.#open = { id, ownId, name, signature: undefined, whole: undefined, partial: new PartialArguments() };
    return this.#open;
  }

  #close(call: OpenCall): void {
    if (call.partial.isWithinValue) throw malformedStream('a tool call that ends within an argument');
    this.#open = undefined;
    this.#tell(call, call.partial.end());
    this.#called = true;
    const metadata = {
      ...(call.ownId === undefined ? {} : { id: call.ownId }),
      ...(call.signature === undefined ? {} : { thoughtSignature: call.signature }),
    };
    const isKept = call.ownId !== undefined || call.signature !== undefined;
    this.#events.push({
      type: 'tool-call',
      toolCallId: call.id,
      toolName: call.name,
      input: inputOf(call),
      ...(isKept && { providerMetadata: { gemini: metadata } }),
    });
  }

  #tell(call: OpenCall, delta: string): void {
    if (delta !== '') this.#events.push({ type: 'tool-input-delta', toolCallId: call.id, delta });
  }
}

function inputOf({ whole, partial }: OpenCall): unknown {
  if (partial.text !== '') return parseToolInput(partial.text);
  if (whole === undefined) return {};
  if (typeof whole === 'string') return parseToolInput(whole);
  if (!isObject(whole)) throw malformedStream('a tool call whose input is no object');
  return whole;
}
