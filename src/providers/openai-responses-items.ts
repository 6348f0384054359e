import { defaults } from '../core/defaults.ts';
import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject, textOf } from '../core/json-value.ts';
import type { ResponsesCalls } from './openai-responses-calls.ts';
import { isToolCall, responsesFormat, restOfItem } from './openai-responses-item.ts';
import { kindOfPart, type ResponsesParts } from './openai-responses-parts.ts';
import { Sources } from './sources.ts';
import { malformedStream } from './stream-errors.ts';

const { maxParts } = defaults.decoder;

/**
 * Delivers what the items of an answer hold beyond their deltas: texts that had none, tool calls, sources, and what goes back as it came.
 */
export class ResponsesItems {
  readonly #events: ProviderEvent[];
  readonly #parts: ResponsesParts;
  readonly #calls: ResponsesCalls;
  readonly #sources = new Sources();
  /** The types of the items that are done, by their places. */
  readonly #done = new Map<number, string>();

  /** @param events Where the events go. */
  constructor(events: ProviderEvent[], parts: ResponsesParts, calls: ResponsesCalls) {
    this.#events = events;
    this.#parts = parts;
    this.#calls = calls;
  }

  /** An item begins. */
  begin(place: number, item: unknown): void {
    this.#parts.beginItem(place);
    if (isObject(item) && isToolCall(item)) this.#calls.begin(place, item);
  }

  /** A part of an item begins. */
  beginPart(place: number, partIndex: unknown, part: unknown): void {
    const kind = isObject(part) ? kindOfPart(part.type) : undefined;
    if (isObject(part) && kind !== undefined) this.#parts.begin(kind, place, partIndex, textOf(part.text ?? part.refusal));
  }

  /** A part of an item is whole. */
  readPart(place: number, partIndex: unknown, part: unknown): void {
    const kind = isObject(part) ? kindOfPart(part.type) : undefined;
    if (!isObject(part) || kind === undefined) return;
    this.#parts.complete(kind, place, partIndex, textOf(part.text ?? part.refusal));
    if (Array.isArray(part.annotations)) for (const annotation of part.annotations) this.cite(annotation);
  }

  /** A citation of a text. */
  cite(annotation: unknown): void {
    const source = this.#sources.add(annotation);
    if (source !== undefined) this.#events.push(source);
  }

  /** An item is done. */
  read(place: number, item: JsonObject): void {
    if (typeof item.type !== 'string') return;
    if (isToolCall(item)) this.#calls.finish(place, item);
    else if (!this.#done.has(place)) this.#readWhole(place, item.type, item);
  }

  /**
   * The response at its end repeats all items; some gateways send them nowhere else, and some at other places than before. What was said at
   * another place is not said again.
   *
   * @param isLate Whether what came before was delivered by another.
   */
  readOutput(output: readonly unknown[], isLate: boolean): void {
    const types = new Set(this.#done.values());
    const spoke = this.#parts.hasSaid('text') || this.#parts.hasSaid('refusal');
    const reasoned = this.#parts.hasSaid('reasoning') || this.#parts.hasSaid('reasoning-text');
    for (const [place, item] of output.entries()) {
      if (!isObject(item) || typeof item.type !== 'string') continue;
      const { type } = item;
      if (isToolCall(item)) {
        this.#calls.finishAnywhere(place, item, isLate);
      } else if (!isLate && !types.has(type)) {
        const isSaid = type === 'message' ? spoke : type === 'reasoning' && reasoned;
        const isHere = this.#parts.hasSaidAt(type === 'message' ? ['text', 'refusal'] : ['reasoning', 'reasoning-text'], place);
        if (!isSaid || isHere) this.#readWhole(this.#free(place), type, item);
        else if (type === 'reasoning') this.#keep(item);
      }
    }
  }

  #readWhole(place: number, type: string, item: JsonObject): void {
    if (this.#done.size >= maxParts) throw malformedStream(`more than ${maxParts} items of an answer`);
    this.#done.set(place, type);
    this.#readParts(place, item.summary);
    this.#readParts(place, item.content);
    if (type === 'message') this.#tellRest(place, item);
    else this.#keep(item);
  }

  #readParts(place: number, parts: unknown): void {
    if (Array.isArray(parts)) for (const [index, part] of parts.entries()) this.readPart(place, index, part);
  }

  /** The id of a message, and its phase, go back with its text. */
  #tellRest(place: number, item: JsonObject): void {
    const id = this.#parts.lastTextOf(place);
    const rest = restOfItem(item, ['role', 'content']);
    if (id === undefined || rest === undefined) return;
    this.#events.push({ type: 'text-delta', id, text: '', providerMetadata: { [responsesFormat]: rest } });
  }

  /** Half an item could not go back. */
  #keep(item: JsonObject): void {
    if (item.status !== 'incomplete') this.#events.push({ type: 'provider-item', format: responsesFormat, item });
  }

  #free(place: number): number {
    return this.#done.has(place) ? Math.max(...this.#done.keys()) + 1 : place;
  }
}
