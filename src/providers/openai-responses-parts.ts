import { defaults } from '../core/defaults.ts';
import type { ProviderEvent } from '../core/event.ts';
import { placeOf } from './openai-responses-places.ts';
import { malformedStream } from './stream-errors.ts';

/** `reasoning` is of a summary, `reasoning-text` the reasoning itself. */
export type PartKind = 'text' | 'refusal' | 'reasoning' | 'reasoning-text';

interface TextPart {
  readonly kind: PartKind;
  readonly place: number;
  readonly partIndex: number;
  readonly id: string;
  /** Whether all of it has passed here. */
  isWhole: boolean;
  /** The text that its beginning held, until a delta shows whether it repeats that. */
  beginning: string;
  /** Of what was delivered: how much, and the last delta. */
  length: number;
  last: string;
}

const { maxParts } = defaults.decoder;

const eventTypes = {
  text: 'text-delta',
  refusal: 'refusal-delta',
  reasoning: 'reasoning-delta',
  'reasoning-text': 'reasoning-delta',
} as const satisfies Record<PartKind, ProviderEvent['type']>;

const kinds = new Map<unknown, PartKind>([
  ['output_text', 'text'],
  ['text', 'text'],
  ['refusal', 'refusal'],
  ['summary_text', 'reasoning'],
  ['reasoning_text', 'reasoning-text'],
]);

/** What a part of an item is, by its type; `undefined` for one without text. */
export function kindOfPart(type: unknown): PartKind | undefined {
  return kinds.get(type);
}

/**
 * Delivers the texts of an answer, each once: deltas as they come, and of the whole that repeats them only what they left out.
 *
 * A part is known by its places, never by the id of its item, which some gateways make anew for every event.
 */
export class ResponsesParts {
  readonly #events: ProviderEvent[];
  readonly #parts = new Map<string, TextPart>();
  readonly #lastTexts = new Map<number, string>();
  readonly #said = new Set<string>();
  /** The items that began here; asked of only where the stream joined late. */
  readonly #begun = new Set<number>();
  #isLate = false;
  /** Of the last delta: the next one is most often of the same part. */
  #current: TextPart | undefined;

  /** @param events Where the events go. */
  constructor(events: ProviderEvent[]) {
    this.#events = events;
  }

  /** Whether any text of that kind was delivered. */
  hasSaid(kind: PartKind): boolean {
    return this.#said.has(kind);
  }

  /** Whether any text of those kinds was delivered at that place. */
  hasSaidAt(kinds: readonly PartKind[], place: number): boolean {
    return kinds.some((kind) => this.#said.has(`${kind}-${place}`));
  }

  /** What came before was delivered by another: of a part whose beginning does not pass here, nobody knows how much is missing. */
  joinLate(): void {
    this.#isLate = true;
  }

  /** The id of the last part of an item's text. */
  lastTextOf(place: number): string | undefined {
    return this.#lastTexts.get(place);
  }

  /** An item begins here: all of it will pass. */
  beginItem(place: number): void {
    if (this.#isLate && this.#begun.size < maxParts) this.#begun.add(place);
  }

  /** A part begins here, with a text that is most often empty. */
  begin(kind: PartKind, place: number, partIndex: unknown, text: string): void {
    const part = this.#find(kind, place, placeOf(partIndex));
    part.isWhole = true;
    if (part.length === 0) part.beginning = text;
  }

  /** A delta. */
  say(kind: PartKind, place: number, partIndex: unknown, text: string): void {
    if (text === '') return;
    const part = this.#find(kind, place, placeOf(partIndex));
    if (part.beginning !== '') {
      const { beginning } = part;
      // Whoever has the whole text from the first sends it in the beginning, and again in the deltas.
      if (!beginning.startsWith(text) && !text.startsWith(beginning)) this.#deliver(part, beginning);
    }
    this.#deliver(part, text);
  }

  /** The whole text of a part. Where it contradicts the deltas, they count: they cannot be taken back. */
  complete(kind: PartKind, place: number, partIndex: unknown, whole: string): void {
    if (whole === '') return;
    const part = this.#find(kind, place, placeOf(partIndex));
    // The rest of it was delivered before this stream, and nobody here knows how much.
    if (!part.isWhole || whole.length <= part.length) return;
    if (whole.startsWith(part.last, part.length - part.last.length)) this.#deliver(part, whole.slice(part.length));
  }

  /** The response is over: what stood in the beginning of a part and nowhere else. */
  end(): void {
    for (const part of this.#parts.values()) if (part.beginning !== '') this.#deliver(part, part.beginning);
  }

  #deliver(part: TextPart, text: string): void {
    if (part.length === 0) {
      part.beginning = '';
      this.#said.add(part.kind).add(`${part.kind}-${part.place}`);
      if (part.kind === 'text') this.#lastTexts.set(part.place, part.id);
    }
    part.length += text.length;
    part.last = text;
    this.#events.push({ type: eventTypes[part.kind], id: part.id, text });
  }

  #find(kind: PartKind, place: number, partIndex: number): TextPart {
    const current = this.#current;
    if (current?.kind === kind && current.place === place && current.partIndex === partIndex) return current;
    const id = `${kind}-${place}-${partIndex}`;
    let part = this.#parts.get(id);
    if (part === undefined) {
      if (this.#parts.size >= maxParts) throw malformedStream(`more than ${maxParts} parts of an answer`);
      const isWhole = !this.#isLate || this.#begun.has(place);
      part = { kind, place, partIndex, id, isWhole, beginning: '', length: 0, last: '' };
      this.#parts.set(id, part);
    }
    this.#current = part;
    return part;
  }
}
