const opening = '<think>';
const closing = '</think>';
const maxHeld = 64;

/** What a piece of content turned out to be. */
export interface SplitContent {
  readonly reasoning: string;
  readonly text: string;
}

/**
 * Splits reasoning out of content that begins with `<think>`; the tags may be cut anywhere between two deltas.
 *
 * Only at the beginning of the content, after white space at most: later on the tag is text like any other.
 */
export class ThinkTags {
  #state: 'start' | 'thinking' | 'text' = 'start';
  #held = '';

  /** Whether all further content is text. */
  get passing(): boolean {
    return this.#state === 'text';
  }

  /** Whether the content is between the tags. */
  get thinking(): boolean {
    return this.#state === 'thinking';
  }

  /** Whether content waits for the rest of what may be a tag. */
  get holding(): boolean {
    return this.#held.trim() !== '';
  }

  /** Takes the next delta of the content. What may be the beginning of a tag is held back. */
  split(delta: string): SplitContent {
    if (this.#state === 'text') return { reasoning: '', text: delta };
    const content = this.#held + delta;
    this.#held = '';
    return this.#state === 'start' ? this.#begin(content) : this.#think(content);
  }

  /** Gives back what is held: the content has ended. */
  end(): SplitContent {
    const held = this.#held;
    this.#held = '';
    return this.#state === 'thinking' ? { reasoning: held, text: '' } : { reasoning: '', text: held };
  }

  #begin(content: string): SplitContent {
    const start = content.trimStart();
    if (start.startsWith(opening)) {
      this.#state = 'thinking';
      return this.#think(start.slice(opening.length));
    }
    if (opening.startsWith(start) && content.length <= maxHeld) {
      this.#held = content;
      return { reasoning: '', text: '' };
    }
    this.#state = 'text';
    return { reasoning: '', text: content };
  }

  #think(content: string): SplitContent {
    const end = content.indexOf(closing);
    if (end !== -1) {
      this.#state = 'text';
      return { reasoning: content.slice(0, end), text: content.slice(end + closing.length) };
    }
    let kept = Math.min(closing.length - 1, content.length);
    while (kept > 0 && !closing.startsWith(content.slice(-kept))) kept--;
    this.#held = kept === 0 ? '' : content.slice(-kept);
    return { reasoning: kept === 0 ? content : content.slice(0, -kept), text: '' };
  }
}
