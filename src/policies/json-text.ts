import { type JsonFailure, type JsonItems, JsonParser } from './json-parser.ts';
import { JsonString } from './json-string.ts';

/** The limits of a {@link JsonText}. */
export interface JsonLimits {
  /** Characters of text; where items are delivered, between one and the next. */
  readonly maxCharacters: number;
  /** Containers in one another. */
  readonly maxDepth: number;
}

/** How much of what follows the value is kept, in characters. */
export const maxRest = 4_096;

/**
 * Finds the JSON in a text that grows: behind a sentence, in a Markdown fence, before another sentence.
 *
 * The first array or object counts. A bracket that no JSON follows is prose. A number, a string, `true`, `false` and `null` count
 * where the text holds nothing else, which is known at its end.
 */
export class JsonText {
  readonly #limits: JsonLimits;
  readonly #items: JsonItems | undefined;
  #parser: JsonParser;
  #place: 'before' | 'in-quotes' | 'inside' | 'behind' = 'before';
  /** All of it, while no array or object was found. */
  #prose = '';
  #quoted: JsonString | undefined;
  #isBlank = true;
  #rest = '';
  #characters = 0;
  #failure: JsonFailure | undefined;
  /** What the first bracket that was prose would have been. */
  #rejected: JsonFailure | undefined;
  #scalar: { readonly value: unknown } | undefined;
  #delivered = 0;

  /** @param items Where the items of an array go. Objects one behind the other are items too, if no path is given. */
  constructor(limits: JsonLimits, items?: JsonItems) {
    this.#limits = limits;
    this.#items = items;
    this.#parser = this.#newParser();
  }

  get failure(): JsonFailure | undefined {
    return this.#failure;
  }

  /** Whether the value, or the array of items, is whole. */
  get isComplete(): boolean {
    return this.#place === 'behind' || this.#scalar !== undefined || this.#parser.hasDeliveredAll;
  }

  /** Counts what changed the value as {@link snapshot} shows it. What may still turn out to be prose is not counted. */
  get changes(): number {
    return this.#parser.hasContent || this.#parser.isComplete ? this.#parser.changes : 0;
  }

  /** What {@link snapshot} would cost now, in array slots. */
  get weight(): number {
    return this.#parser.weight;
  }

  /** The value so far; never changed again. @param isEnd Whether no more will come, so that a number or literal at the end is whole. */
  snapshot(isEnd = false): unknown {
    return this.#scalar ? this.#scalar.value : this.#parser.snapshot(isEnd);
  }

  /** What followed the value, but for a closing fence; at most {@link maxRest} characters. */
  get rest(): string {
    return this.#rest.replace(/^\s*```/, '').trim();
  }

  /** What came while no array or object was found. */
  get prose(): string {
    return this.#prose;
  }

  write(piece: string): void {
    this.#characters += piece.length;
    for (let index = 0; index < piece.length && !this.#failure; ) {
      if (this.#place === 'inside') index = this.#readJson(piece, index);
      else if (this.#place === 'before') index = this.#search(piece, index);
      else if (this.#place === 'in-quotes') index = this.#readQuoted(piece, index);
      else index = this.#readRest(piece, index);
    }
    if (this.#place !== 'behind' && this.#characters > this.#limits.maxCharacters) {
      this.#failure ??= { kind: 'too-long', reason: `the JSON is longer than ${this.#limits.maxCharacters} characters` };
    }
  }

  /** The text has ended. */
  end(): void {
    if (this.#failure || this.isComplete) return;
    if (this.#place === 'inside') {
      this.#parser.fail('the text ended', 'incomplete');
      this.#failure = this.#parser.failure;
      return;
    }
    if (this.#items && this.#items.path.length === 0 && this.#delivered > 0) return;
    this.#scalar = this.#items || this.#rejected ? undefined : scalarOf(this.#prose);
    if (!this.#scalar) this.#failure = this.#rejected ?? { kind: 'incomplete', reason: 'the text holds no JSON' };
  }

  /** Where items are sought within an object, or one object follows another, a bracket is part of the prose between. */
  get #maybeArray(): boolean {
    return !this.#items || (this.#items.path.length === 0 && this.#delivered === 0);
  }

  #newParser(): JsonParser {
    const items = this.#items && { path: this.#items.path, deliver: (item: unknown) => this.#deliver(item) };
    return new JsonParser(this.#limits.maxDepth, items);
  }

  #deliver(item: unknown): void {
    this.#characters = 0;
    this.#items?.deliver(item, this.#delivered++);
  }

  #search(piece: string, start: number): number {
    for (let index = start; index < piece.length; index++) {
      const code = piece.charCodeAt(index);
      if (code === 0x7b || (code === 0x5b && this.#maybeArray)) {
        this.#keepProse(piece, start, index);
        this.#place = 'inside';
        return index;
      }
      if (code === 0x22 && this.#isBlank) {
        // It may be a string that holds brackets.
        this.#keepProse(piece, start, index + 1);
        this.#isBlank = false;
        this.#place = 'in-quotes';
        this.#quoted = new JsonString();
        return index + 1;
      }
      if (code > 0x20) this.#isBlank = false;
    }
    this.#keepProse(piece, start, piece.length);
    return piece.length;
  }

  #readQuoted(piece: string, start: number): number {
    const quoted = this.#quoted as JsonString;
    const index = quoted.read(piece, start);
    this.#keepProse(piece, start, index);
    if (quoted.isClosed || quoted.fault) {
      this.#place = 'before';
      this.#quoted = undefined;
    }
    return index;
  }

  #keepProse(piece: string, start: number, end: number): void {
    if (end > start && this.#delivered === 0) this.#prose += piece.slice(start, end);
  }

  #readJson(piece: string, start: number): number {
    const parser = this.#parser;
    const index = parser.write(piece, start);
    if (parser.hasDeliveredAll) this.#place = 'behind';
    else if (parser.failure) this.#reject(parser, parser.failure);
    else if (parser.isComplete) this.#finishValue(parser);
    return index;
  }

  /** On from the character at fault, not from the bracket: nothing is read twice. */
  #reject(parser: JsonParser, failure: JsonFailure): void {
    if (parser.hasContent || failure.kind !== 'malformed') {
      this.#failure = failure;
      return;
    }
    this.#rejected ??= failure;
    this.#parser = this.#newParser();
    this.#place = 'before';
  }

  #finishValue(parser: JsonParser): void {
    this.#prose = '';
    this.#place = 'behind';
    if (!this.#items) return;
    if (this.#items.path.length > 0) {
      const reason = `no array at ${this.#items.path.join('.')}`;
      this.#failure = { kind: 'malformed', reason };
      return;
    }
    this.#deliver(parser.snapshot());
    this.#parser = this.#newParser();
    this.#place = 'before';
  }

  #readRest(piece: string, start: number): number {
    const room = maxRest - this.#rest.length;
    if (room > 0) this.#rest += piece.slice(start, start + room);
    return piece.length;
  }
}

/** The one value of a text without an array or object, in a fence or not. */
function scalarOf(text: string): { readonly value: unknown } | undefined {
  const whole = text.trim();
  const fenced = /^```[^\n]{0,40}\n([\s\S]*?)```$/.exec(whole);
  try {
    return { value: JSON.parse(fenced?.[1] ?? whole) };
  } catch {
    return undefined;
  }
}
