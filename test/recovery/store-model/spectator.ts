import type { Subscription } from 'rxjs';
import type { EventLike } from '../../../src/core/event.ts';
import { isProviderError } from '../../../src/core/provider-error.ts';
import { snapshotOf } from '../../../src/recovery/snapshot-of.ts';
import type { StoredEvent } from '../../../src/recovery/stream-store.ts';
import type { Stage } from './stage.ts';

const phantom: EventLike = { type: 'text-delta', id: '0', text: '0.0.phantom;' } as EventLike;

/** A reader, with what it had before it came. */
export class Spectator {
  readonly events: StoredEvent[] = [];
  readonly #stage: Stage;
  readonly #had: readonly EventLike[];
  readonly #after: string | undefined;
  readonly #subscription: Subscription;
  #error: unknown;
  #isComplete = false;
  #hasLeft = false;

  constructor(stage: Stage, others: readonly Spectator[], phantomCursor?: string) {
    this.#stage = stage;
    const other = stage.pick(others);
    const count = stage.between(0, other?.events.length ?? 0);
    const seen = phantomCursor ?? (stage.chance(0.2) ? stage.pick(stage.phantoms) : undefined);
    if (seen !== undefined) {
      this.#after = seen;
      this.#had = [phantom];
    } else if (other && count > 0) {
      this.#after = other.events[count - 1]?.cursor;
      this.#had = [...other.#had, ...other.events.slice(0, count)];
    } else {
      this.#after = stage.chance(0.5) ? '-1' : undefined;
      this.#had = [];
    }
    this.#subscription = stage.store.read(stage.id, { after: this.#after }).subscribe({
      next: (event) => this.events.push(event),
      error: (error: unknown) => {
        this.#error = error;
      },
      complete: () => {
        this.#isComplete = true;
      },
    });
  }

  leave(): void {
    if (!this.#isComplete && this.#error === undefined) this.#hasLeft = true;
    this.#subscription.unsubscribe();
  }

  /** All that it had and was told is the text of the log, or a beginning of it for who has left. */
  async expectWhole(): Promise<void> {
    const stage = this.#stage;
    // When it is told that is the store's to say, and not looked at here.
    if (stage.isDeleted) this.leave();
    if (!this.#hasLeft) await stage.until(`a reader after ${this.#after}`, () => this.#isComplete || this.#error !== undefined);
    if (this.#error !== undefined && !isProviderError(this.#error)) throw this.#error;
    stage.note('reader', `${this.events[0]?.type ?? 'nothing'}`);
    if (stage.isDeleted) return;
    if (this.#had.at(-1) === phantom && (this.events[0]?.type ?? 'restart') !== 'restart')
      throw new Error(`no restart after ${this.#after}`);
    const { text } = snapshotOf([...this.#had, ...this.events]);
    if (this.#hasLeft) {
      const isVoid = this.events.length === 0 && this.#had[0] === phantom;
      if (!isVoid && !stage.text.startsWith(text)) throw new Error(`who left after ${this.#after} has ${text} of ${stage.text}`);
      return;
    }
    const category = isProviderError(this.#error) ? this.#error.category : undefined;
    if (category !== stage.ending) throw new Error(`a reader is told ${category} where it ended as ${stage.ending}`);
    if (text !== stage.text) throw new Error(`a reader after ${this.#after} has ${text}, and the log says ${stage.text}`);
  }
}
