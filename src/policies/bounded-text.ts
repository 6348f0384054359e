import type { TextBuffer } from '../core/result-builder.ts';
import { RingBuffer } from './ring-buffer.ts';

/** Deltas are joined by the batch: a piece for each delta would cost more than its text. */
const batch = 64;

/**
 * Text that is appended to for each delta and seldom read: a ring of pieces, of which the oldest go when the limit is reached.
 *
 * The limit is kept to within one piece. Constant time to append.
 */
export class BoundedText implements TextBuffer {
  truncated = false;
  readonly #maxCharacters: number;
  /** Both are made when they are needed: most streams have text, and few have reasoning or a refusal. */
  #pieces: RingBuffer<string> | undefined;
  /** Its first `#count` are in use; kept, so that appending allocates nothing. */
  #recent: string[] | undefined;
  #count = 0;

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  append(text: string): void {
    this.#recent ??= new Array(batch).fill('');
    this.#recent[this.#count++] = text;
    if (this.#count === batch || text.length > 4_096) this.#fold();
  }

  read(): string {
    return [...(this.#pieces ?? []), ...this.#unfolded()].join('');
  }

  clear(): void {
    this.#pieces = undefined;
    this.#recent = undefined;
    this.#count = 0;
    this.truncated = false;
  }

  #fold(): void {
    const piece = this.#unfolded().join('');
    this.#count = 0;
    this.#pieces ??= new RingBuffer({ maxItems: Number.POSITIVE_INFINITY, maxBytes: this.#maxCharacters });
    const pieces = this.#pieces;
    while (pieces.length > 0 && !pieces.fits(piece.length)) {
      pieces.shift();
      this.truncated = true;
    }
    pieces.push(piece, piece.length);
  }

  #unfolded(): readonly string[] {
    const recent = this.#recent ?? [];
    return this.#count === recent.length ? recent : recent.slice(0, this.#count);
  }
}
