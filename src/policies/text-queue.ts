/** Small deltas are joined up to this length, so that neither a delta nor a look costs more than its share. */
const chunkLength = 1_024;

/** Text that waits, first in, first out, in constant time for each character. Its bounds are the caller's. */
export class TextQueue {
  #chunks: string[] = [];
  /** The first chunk that is still needed, and the first character in it. */
  #first = 0;
  #at = 0;
  #length = 0;

  /** In UTF-16 code units, as a string's. */
  get length(): number {
    return this.#length;
  }

  push(text: string): void {
    this.#length += text.length;
    const last = this.#chunks.length - 1;
    const open = this.#chunks[last];
    if (open !== undefined && last >= this.#first && open.length + text.length <= chunkLength) this.#chunks[last] = open + text;
    else if (text !== '') this.#chunks.push(text);
  }

  /** The first `count` characters, or fewer if there are not so many. */
  peek(count: number): string {
    let text = '';
    let at = this.#at;
    for (let index = this.#first; text.length < count && index < this.#chunks.length; index++) {
      text += (this.#chunks[index] ?? '').slice(at, at + count - text.length);
      at = 0;
    }
    return text;
  }

  take(count: number): string {
    const text = this.peek(count);
    this.#length -= text.length;
    let left = this.#at + text.length;
    while (this.#first < this.#chunks.length && left >= (this.#chunks[this.#first] ?? '').length) {
      left -= (this.#chunks[this.#first] ?? '').length;
      this.#chunks[this.#first++] = '';
    }
    this.#at = left;
    // Once half of the places are empty, clearing them costs constant time a chunk.
    if (this.#first > 16 && this.#first * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#first = 0;
    }
    return text;
  }

  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#at = 0;
    this.#length = 0;
  }
}
