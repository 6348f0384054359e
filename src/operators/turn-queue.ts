import { asyncScheduler, type Subscription } from 'rxjs';
import { maxTimerDelay } from '../core/defaults.ts';

/** One that waits for its turn. */
export interface Turn {
  /** Milliseconds until it may go: 0 for now, `Infinity` while only an event can tell. Asked of the first in line. */
  due(): number;
  /** It goes. */
  go(): void;
}

/**
 * A line in which streams wait for their turn: first in, first out, and one that is unsubscribed leaves at once.
 *
 * One timer for the whole line, and none while nobody waits.
 */
export class TurnQueue {
  /** In order of arrival; leaving from the middle is constant time. */
  readonly #waiting = new Set<Turn>();
  #timer: Subscription | undefined;
  #isAdvancing = false;

  get length(): number {
    return this.#waiting.size;
  }

  /** Takes the last place in the line; goes synchronously if it may. The returned function leaves the line. */
  join(turn: Turn): () => void {
    if (this.#waiting.size === 0 && turn.due() <= 0) {
      turn.go();
      return () => undefined;
    }
    this.#waiting.add(turn);
    this.advance();
    return () => {
      if (this.#waiting.delete(turn)) this.advance();
    };
  }

  /** Lets go whoever may: to be called when somebody may have become free to. */
  advance(): void {
    // One that goes may finish, or bring another, before `go` returns.
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    try {
      for (const turn of this.#waiting) {
        const due = turn.due();
        if (due > 0) {
          this.#wakeIn(due);
          return;
        }
        this.#waiting.delete(turn);
        turn.go();
      }
    } finally {
      this.#isAdvancing = false;
    }
  }

  #wakeIn(due: number): void {
    if (due === Number.POSITIVE_INFINITY) return;
    this.#timer = asyncScheduler.schedule(() => this.advance(), Math.min(due, maxTimerDelay));
  }
}
