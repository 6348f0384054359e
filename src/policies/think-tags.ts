/** How reasoning is marked in content. */
export interface ThinkTagOptions {
  /** The tag before reasoning. Default: `<think>`. */
  readonly opening?: string | undefined;
  /** The tag behind it. Default: `</think>`. */
  readonly closing?: string | undefined;
  /** Whether the content begins inside: the opening tag stood in the prompt. Default: false. */
  readonly startsInside?: boolean | undefined;
  /** Whether an opening tag counts anywhere, and not only at the beginning. Default: false. */
  readonly anywhere?: boolean | undefined;
}

/** What a piece of content turned out to be: reasoning, and then text. */
export interface SplitContent {
  readonly reasoning: string;
  readonly text: string;
  /** What comes after it, where tags stand anywhere. */
  readonly next?: SplitContent | undefined;
}

/** White space before a tag at the beginning is waited with; no more of it than this. */
const maxSpace = 64;

/** A {@link SplitContent} that is being made. */
interface Growing {
  reasoning: string;
  text: string;
  next?: Growing;
}

const nothing: SplitContent = { reasoning: '', text: '' };

/**
 * Splits reasoning out of content, as its tags say; they may be cut anywhere between two deltas.
 *
 * Only at the beginning of the content, after white space at most (which goes with the tag), unless tags count `anywhere`: later on the
 * tag is text like any other. What may be the beginning of a tag is held, and no more. Linear time.
 */
export class ThinkTags {
  readonly #opening: string;
  readonly #closing: string;
  readonly #startsInside: boolean;
  readonly #anywhere: boolean;
  #state: 'start' | 'thinking' | 'text' = 'start';
  #held = '';

  constructor({ opening = '<think>', closing = '</think>', startsInside = false, anywhere = false }: ThinkTagOptions = {}) {
    this.#opening = opening;
    this.#closing = closing;
    this.#startsInside = startsInside;
    this.#anywhere = anywhere;
  }

  /** Whether all further content is text. */
  get passing(): boolean {
    return this.#state === 'text' && !this.#anywhere;
  }

  /** Whether the content is between the tags. */
  get thinking(): boolean {
    return this.#state === 'thinking' || (this.#state === 'start' && this.#startsInside);
  }

  /** Whether content waits for the rest of what may be a tag. */
  get holding(): boolean {
    return this.#held.trim() !== '';
  }

  /** Whether anything waits, be it white space. */
  get holdsAny(): boolean {
    return this.#held !== '';
  }

  /** Takes the next delta of the content. What may be the beginning of a tag is held back. */
  split(delta: string): SplitContent {
    if (this.passing) return { reasoning: '', text: delta };
    const content = this.#held + delta;
    this.#held = '';
    let from = 0;
    if (this.#state === 'start') {
      const start = content.trimStart();
      const space = content.length - start.length;
      if (start.startsWith(this.#opening)) {
        this.#state = 'thinking';
        from = space + this.#opening.length;
      } else if (this.#opening.startsWith(start) && space <= maxSpace) {
        this.#held = content;
        return nothing;
      } else {
        this.#state = this.#startsInside ? 'thinking' : 'text';
      }
    }
    return this.#read(content, from);
  }

  /** Gives back what is held: it is no tag, for the content has ended, or something else came. */
  end(): SplitContent {
    const held = this.#held;
    this.#held = '';
    if (this.thinking) {
      if (held !== '') this.#state = 'thinking';
      return { reasoning: held, text: '' };
    }
    if (held.trim() !== '') this.#state = 'text';
    return { reasoning: '', text: held };
  }

  /** A loop: a hostile answer has many tags, and a stack is short. */
  #read(content: string, from: number): SplitContent {
    const first: Growing = { reasoning: '', text: '' };
    let last = first;
    let at = from;
    while (at < content.length) {
      if (this.passing) {
        last.text = content.slice(at);
        break;
      }
      const isThinking = this.#state === 'thinking';
      const tag = isThinking ? this.#closing : this.#opening;
      const found = content.indexOf(tag, at);
      const end = found === -1 ? this.#holdTag(content, at, tag) : found;
      if (isThinking) last.reasoning = content.slice(at, end);
      else last.text = content.slice(at, end);
      if (found === -1) break;
      this.#state = isThinking ? 'text' : 'thinking';
      if (!isThinking) {
        last.next = { reasoning: '', text: '' };
        last = last.next;
      }
      at = end + tag.length;
    }
    return first;
  }

  /** Holds the end of the content, as far as it may be the beginning of a tag. @returns Where that begins. */
  #holdTag(content: string, from: number, tag: string): number {
    let start = Math.max(from, content.length - tag.length + 1);
    while (start < content.length && !tag.startsWith(content.slice(start))) start++;
    this.#held = content.slice(start);
    return start;
  }
}
