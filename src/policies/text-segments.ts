import { endsInHalf, Graphemes, lot } from './graphemes.ts';

/** How text is regrouped. */
export interface TextSegmentsConfig {
  readonly granularity: 'word' | 'sentence';
  /** Default: the runtime's. */
  readonly locale?: string | undefined;
  /** The longest text that is held, in characters. */
  readonly maxHeld: number;
}

/** Characters segmented for each character that comes, at most: a single segment that never ends is not looked at anew for each of them. */
const looksPerCharacter = 12;
/** Looks that a short text may take in advance, in characters. */
const firstLooks = 1_024;

const blank = /^\s*$/;
const space = /\s/;
/** Scripts without spaces: which words are in a run is found out from a dictionary, and what follows may change it. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** What may end a sentence: the terminators, of Greek too, and the ends of lines and paragraphs. */
const terminator = /[\p{Sentence_Terminal}.\u2024\ufe52\uff0e;\u037e\r\n\u0085\u2028\u2029]/u;
/** What makes the end of a sentence before it certain: a letter, the end of another, or of a line. */
const settling = /(?!\p{M})\p{Alphabetic}|[\p{Sentence_Terminal}.\u2024\ufe52\uff0e\r\n\u0085\u2028\u2029]/u;
const letter = /(?!\p{M})\p{Alphabetic}/u;

/**
 * Regroups text into whole words, or sentences. Joined, what it gives is what it took.
 *
 * White space goes with what is before it, punctuation with the word that it touches. The last segment may still grow, and so is held. Linear
 * in the text however small the deltas; what is longer than the limit is given on at the border of a grapheme cluster.
 */
export class TextSegments {
  /** Characters handed to a segmenter so far. */
  segmented = 0;
  readonly #segmenter: Intl.Segmenter;
  readonly #graphemes = new Graphemes();
  readonly #isWord: boolean;
  readonly #maxHeld: number;
  #held = '';
  #credit = firstLooks;
  /** Whether the held text may have an end of which it is not known yet whether it is one. */
  #mayEnd = false;

  constructor({ granularity, locale, maxHeld }: TextSegmentsConfig) {
    this.#segmenter = new Intl.Segmenter(locale, { granularity });
    this.#isWord = granularity === 'word';
    this.#maxHeld = maxHeld;
  }

  /** Takes the next delta. @returns The segments that are complete now. */
  add(delta: string): string[] {
    const complete: string[] = [];
    for (let at = 0; at < delta.length; at += lot) this.#take(delta.slice(at, at + lot), complete);
    return complete;
  }

  /** Gives what is held: the text has ended. */
  end(): string[] {
    const text = this.#held;
    this.#held = '';
    const complete: string[] = [];
    const from = this.#split(text, true, complete);
    if (from < text.length) complete.push(text.slice(from));
    return complete;
  }

  #take(delta: string, complete: string[]): void {
    this.#held += delta;
    this.#credit = Math.min(this.#credit + delta.length * looksPerCharacter, 2 * this.#maxHeld + firstLooks);
    this.#mayEnd ||= this.#isWord || terminator.test(delta);
    if (this.#mayEnd && this.#held.length <= this.#credit) this.#look(complete);
    while (this.#held.length > this.#maxHeld) {
      // What comes may look all the same: of a text this long the end was searched for in vain, or could not be afforded.
      const border = this.#graphemes.borderBefore(this.#held, this.#maxHeld - 1);
      this.segmented += this.#held.length;
      complete.push(this.#held.slice(0, border));
      this.#held = this.#held.slice(border);
    }
  }

  #look(complete: string[]): void {
    // The other half of a pair decides what its character is.
    const known = endsInHalf(this.#held) ? this.#held.slice(0, -1) : this.#held;
    const from = this.#split(known, false, complete);
    this.#credit -= known.length;
    this.#held = this.#held.slice(from);
    this.#mayEnd = this.#isWord || isOpen(this.#held);
  }

  /** @returns Where the part begins that is not complete. */
  #split(text: string, isLast: boolean, complete: string[]): number {
    const segments = [...this.#segmenter.segment(text)];
    let clusters: Intl.Segments | undefined;
    let from = 0;
    let hasWord = false;
    this.segmented += text.length;
    let isBlankSoFar = true;
    for (const [position, { index, segment, isWordLike = false }] of segments.entries()) {
      const isBlank = blank.test(segment);
      // White space alone is no segment: at the very beginning it goes with what comes.
      const ends = !isBlank && !isBlankSoFar && (!this.#isWord || space.test(text[index - 1] ?? '') || (isWordLike && hasWord));
      if (ends && (isLast || this.#isCertain(segments, position))) {
        clusters ??= this.#graphemes.of(text);
        if (clusters.containing(index)?.index === index) {
          complete.push(text.slice(from, index));
          from = index;
          hasWord = false;
          isBlankSoFar = true;
        }
      }
      hasWord ||= isWordLike;
      isBlankSoFar &&= isBlank;
    }
    return from;
  }

  /** Whether nothing that may come changes the border before this segment. */
  #isCertain(segments: readonly Intl.SegmentData[], position: number): boolean {
    const following = segments.length - position;
    const segment = segments[position]?.segment ?? '';
    if (!this.#isWord) return following > 1 || settling.test(segment);
    const before = segments[position - 1]?.segment ?? '';
    if (blank.test(before)) return true;
    // A mark like the one in "can't" or "3.14" joins what stands on both its sides, so that two must be there.
    return following >= (unspaced.test(before) && unspaced.test(segment) ? 4 : 2);
  }
}

/** Whether a sentence may end where nothing but signs and digits has followed so far. */
function isOpen(text: string): boolean {
  for (let at = text.length - 1; at >= 0; at--) {
    const character = text[at] ?? '';
    if (terminator.test(character)) return true;
    if (letter.test(character)) return false;
  }
  return false;
}
