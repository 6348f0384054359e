import type { TextBuffer } from '../core/result-builder.ts';
import { RingBuffer } from './ring-buffer.ts';

/** Deltas are joined by the batch: a piece for each delta would cost more than its text. */
const batch = 256;

/**
 * Text that is appended to for each delta and seldom read: a ring of pieces, of which the oldest go when the limit is reached.
 *
 * The limit is kept to within one piece. Constant time to append.
 */
export class BoundedText implements TextBuffer {
  truncated = false;
  readonly #pieces: RingBuffer<string>;
  #recent: string[] = [];

  constructor(maxCharacters: number) {
    this.#pieces = new RingBuffer({ maxItems: Number.POSITIVE_INFINITY, maxBytes: maxCharacters });
  }

  append(text: string): void {
    this.#recent.push(text);
    if (this.#recent.length === batch || text.length > 4_096) this.#fold();
  }

  read(): string {
    return [...this.#pieces, ...this.#recent].join('');
  }

  clear(): void {
    this.#pieces.clear();
    this.#recent = [];
    this.truncated = false;
  }

  #fold(): void {
    const piece = this.#recent.join('');
    this.#recent = [];
    while (this.#pieces.length > 0 && !this.#pieces.fits(piece.length)) {
      this.#pieces.shift();
      this.truncated = true;
    }
    this.#pieces.push(piece, piece.length);
  }
}
