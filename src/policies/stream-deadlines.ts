import type { TimeoutName } from '../core/provider-error.ts';

/** The deadlines of a stream in milliseconds; `Infinity` is none. */
export interface Deadlines {
  readonly headers: number;
  readonly firstContent: number;
  readonly idle: number;
  readonly total: number;
}

/**
 * Knows when a stream is due: `headers` until anything comes, `firstContent` until content comes, both from the beginning; `idle`
 * between content and content; `total` over all. A plain state machine; its owner has the clock and the timer.
 */
export class StreamDeadlines {
  readonly #deadlines: Deadlines;
  readonly #startedAt: number;
  #phase: 'headers' | 'first-content' | 'idle' = 'headers';
  #aliveAt = 0;

  constructor(deadlines: Deadlines, startedAt: number) {
    this.#deadlines = deadlines;
    this.#startedAt = startedAt;
  }

  /** Whether `idle` is what is waited for: from then on only content and pauses matter. */
  get hasContent(): boolean {
    return this.#phase === 'idle';
  }

  /** Something came that is not content. */
  headersCame(): void {
    if (this.#phase === 'headers') this.#phase = 'first-content';
  }

  /** Content came, or the consumer, who had paused the stream, lets it go on. */
  alive(now: number): void {
    this.#phase = 'idle';
    this.#aliveAt = now;
  }

  /** When the next deadline passes, and which it is. */
  due(): { readonly at: number; readonly name: TimeoutName } {
    const { headers, firstContent, idle, total } = this.#deadlines;
    let at = this.#startedAt + total;
    let name: TimeoutName = 'total';
    const offer = (candidate: number, its: TimeoutName): void => {
      if (candidate >= at) return;
      at = candidate;
      name = its;
    };
    if (this.#phase === 'headers') offer(this.#startedAt + headers, 'headers');
    if (this.#phase !== 'idle') offer(this.#startedAt + firstContent, 'first-content');
    else offer(this.#aliveAt + idle, 'idle');
    return { at, name };
  }
}
