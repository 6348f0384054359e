import { endOfValue } from './json-extent.ts';

/** What may differ from message to message: the text of the delta; or the value, whatever it is, of a member that the decoder does not read. */
export type Hole = 'text' | 'value';

/** V8 copies slices shorter than this; a longer one keeps the whole text it was cut from alive. */
const minSharedSlice = 13;

const quote = 34;
const backslash = 92;

/**
 * What many messages have in common: the pieces of their text that never differ, and between them the holes.
 *
 * What fits is, as JSON, the message that it was learned from, with other values in the holes: a hole holds nothing but a whole text, or
 * a whole value. Everything else is said not to fit, and has to be parsed.
 */
export class MessageTemplate {
  /** Where the last text that fitted ended. */
  end = 0;
  readonly #pieces: readonly string[];
  readonly #holes: readonly Hole[];
  #textStart = 0;
  #textEnd = 0;
  #hasEscape = false;

  /** @param pieces One more than there are holes; the quotes around the text belong to the pieces. */
  constructor(pieces: readonly string[], holes: readonly Hole[]) {
    this.#pieces = pieces;
    this.#holes = holes;
  }

  /** The same, inside something larger. */
  within(before: string, after: string): MessageTemplate {
    const pieces = [...this.#pieces];
    pieces[0] = before + pieces[0];
    pieces[pieces.length - 1] += after;
    return new MessageTemplate(pieces, this.#holes);
  }

  /** The text in the hole, if what stands at `start` fits; `undefined` if it does not. It keeps nothing of the source alive. */
  textAt(source: string, start: number): string | undefined {
    if (!this.#fits(source, start)) return undefined;
    const length = this.#textEnd - this.#textStart;
    if (!this.#hasEscape && length < minSharedSlice) return source.slice(this.#textStart, this.#textEnd);
    try {
      return JSON.parse(source.slice(this.#textStart - 1, this.#textEnd + 1));
    } catch {
      // An escape that is none.
      return undefined;
    }
  }

  #fits(source: string, start: number): boolean {
    const pieces = this.#pieces;
    const holes = this.#holes;
    let piece = pieces[0] as string;
    if (!isAt(source, start, piece)) return false;
    let at = start + piece.length;
    for (let index = 0; index < holes.length; index++) {
      const hole = holes[index];
      const end = hole === 'text' ? this.#endOfText(source, at) : endOfValue(source, at);
      piece = pieces[index + 1] as string;
      if (end === -1 || !isAt(source, end, piece)) return false;
      at = end + piece.length;
    }
    this.end = at;
    return true;
  }

  /** An empty text is none: no delta comes of it. */
  #endOfText(source: string, start: number): number {
    this.#hasEscape = false;
    let at = start;
    let code = source.charCodeAt(at);
    while (code !== quote) {
      // The end of the source is not a number, and no less than anything.
      if (!(code >= 32)) return -1;
      if (code === backslash) {
        this.#hasEscape = true;
        at++;
      }
      code = source.charCodeAt(++at);
    }
    this.#textStart = start;
    this.#textEnd = at;
    return at === start ? -1 : at;
  }
}

/** A slice is compared far faster than `startsWith` compares; but a short one is a string to allocate. */
function isAt(source: string, start: number, piece: string): boolean {
  if (piece.length >= minSharedSlice) return source.slice(start, start + piece.length) === piece;
  for (let index = 0; index < piece.length; index++) {
    if (source.charCodeAt(start + index) !== piece.charCodeAt(index)) return false;
  }
  return true;
}
