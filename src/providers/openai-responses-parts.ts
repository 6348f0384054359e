import { defaults } from '../core/defaults.ts';
import type { ProviderEvent } from '../core/event.ts';
import { countOf } from '../core/json-value.ts';
import { malformedStream } from './stream-errors.ts';

/** `reasoning` is of a summary, `reasoning-text` the reasoning itself. */
export type PartKind = 'text' | 'refusal' | 'reasoning' | 'reasoning-text';

interface TextPart {
  readonly kind: PartKind;
  readonly outputIndex: number;
  readonly partIndex: number;
  readonly id: string;
  /** Whether all of it has passed here. */
  isWhole: boolean;
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

/** A place in a list as a number, whatever it was sent as. */
export function placeOf(index: unknown): number {
  return countOf(index) ?? 0;
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
  hasSaidAt(kinds: readonly PartKind[], outputIndex: number): boolean {
    return kinds.some((kind) => this.#said.has(`${kind}-${outputIndex}`));
  }

  /** What came before was delivered by another: of a part whose beginning does not pass here, nobody knows how much is missing. */
  joinLate(): void {
    this.#isLate = true;
  }

  /** The id of the last part of an item's text. */
  lastTextOf(outputIndex: number): string | undefined {
    return this.#lastTexts.get(outputIndex);
  }

  /** An item begins here: all of it will pass. */
  beginItem(outputIndex: unknown): void {
    if (this.#isLate && this.#begun.size < maxParts) this.#begun.add(placeOf(outputIndex));
  }

  /** A part begins here. */
  begin(kind: PartKind, outputIndex: unknown, partIndex: unknown): void {
    this.#find(kind, placeOf(outputIndex), placeOf(partIndex)).isWhole = true;
  }

  /** A delta. */
  say(kind: PartKind, outputIndex: unknown, partIndex: unknown, text: string): void {
    if (text !== '') this.#deliver(this.#find(kind, placeOf(outputIndex), placeOf(partIndex)), text);
  }

  /** The whole text of a part. Where it contradicts the deltas, they count: they cannot be taken back. */
  complete(kind: PartKind, outputIndex: unknown, partIndex: unknown, whole: string): void {
    if (whole === '') return;
    const part = this.#find(kind, placeOf(outputIndex), placeOf(partIndex));
    // The rest of it was delivered before this stream, and nobody here knows how much.
    if (!part.isWhole || whole.length <= part.length) return;
    if (whole.startsWith(part.last, part.length - part.last.length)) this.#deliver(part, whole.slice(part.length));
  }

  #deliver(part: TextPart, text: string): void {
    if (part.length === 0) {
      this.#said.add(part.kind).add(`${part.kind}-${part.outputIndex}`);
      if (part.kind === 'text') this.#lastTexts.set(part.outputIndex, part.id);
    }
    part.length += text.length;
    part.last = text;
    this.#events.push({ type: eventTypes[part.kind], id: part.id, text });
  }

  #find(kind: PartKind, outputIndex: number, partIndex: number): TextPart {
    const current = this.#current;
    if (current?.kind === kind && current.outputIndex === outputIndex && current.partIndex === partIndex) return current;
    const id = `${kind}-${outputIndex}-${partIndex}`;
    let part = this.#parts.get(id);
    if (part === undefined) {
      if (this.#parts.size >= maxParts) throw malformedStream(`more than ${maxParts} parts of an answer`);
      part = { kind, outputIndex, partIndex, id, isWhole: !this.#isLate || this.#begun.has(outputIndex), length: 0, last: '' };
      this.#parts.set(id, part);
    }
    this.#current = part;
    return part;
  }
}
