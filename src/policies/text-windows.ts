import { Graphemes } from './graphemes.ts';
import { TextQueue } from './text-queue.ts';

/** How text is cut, in characters. */
export interface TextWindowsConfig {
  readonly window: number;
  /** How much of what came before a window is shown again before it. */
  readonly overlap: number;
}

/** A piece of the text, and what came before it. */
export interface TextWindow {
  readonly before: string;
  readonly text: string;
}

/** Cuts a text into windows, at the borders of grapheme clusters. Linear in the text, however small the deltas. */
export class TextWindows {
  readonly #window: number;
  readonly #overlap: number;
  readonly #graphemes = new Graphemes();
  readonly #queue = new TextQueue();
  #before = '';

  constructor({ window, overlap }: TextWindowsConfig) {
    this.#window = window;
    this.#overlap = overlap;
  }

  /** What is not in a window yet, in characters. */
  get held(): number {
    return this.#queue.length;
  }

  add(delta: string): void {
    this.#queue.push(delta);
  }

  /** Takes the next window, if there is a whole one. @param isLast Whether no more text comes: what there is, is whole. */
  take(isLast: boolean): TextWindow | undefined {
    const { length } = this.#queue;
    // The code point behind a border decides whether it is one.
    if (length === 0 || (length < this.#window + 2 && !isLast)) return undefined;
    const border = this.#graphemes.borderBefore(this.#queue.peek(this.#window + 2), this.#window);
    const text = this.#queue.take(border);
    const before = this.#before;
    this.#before = this.#endOf(before + text);
    return { before, text };
  }

  clear(): void {
    this.#queue.clear();
  }

  #endOf(text: string): string {
    const start = Math.max(0, text.length - this.#overlap);
    if (start === text.length) return '';
    const border = this.#graphemes.borderBefore(text, start);
    return border > start ? text : text.slice(border);
  }
}
