import type { Subscription } from 'rxjs';
import { isProviderError, type ProviderError, type StoredEvent, type StreamEvent, type StreamStore } from '../../index.ts';
import { parseCursor, snapshotOf } from '../../recovery/store.ts';
import { until } from './expect.ts';

/** Somebody who reads, and what was read so far. */
export class Reading {
  readonly events: StoredEvent[] = [];
  readonly subscription: Subscription;
  error: ProviderError | undefined;
  isComplete = false;
  readonly #patience: number;
  #foreign: unknown;

  constructor(store: StreamStore, id: string, after: string | undefined, patience: number) {
    this.#patience = patience;
    this.subscription = store.read(id, after === undefined ? undefined : { after }).subscribe({
      next: (event) => this.events.push(event),
      error: (error: unknown) => {
        if (isProviderError(error)) this.error = error;
        else this.#foreign = error;
      },
      complete: () => {
        this.isComplete = true;
      },
    });
  }

  /** What the events say, put together. */
  get text(): string {
    return snapshotOf(this.events).text;
  }

  get types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }

  /** The cursor of the last event. */
  get cursor(): string {
    return this.events.at(-1)?.cursor ?? '-1';
  }

  async until(what: string, isSo: () => boolean): Promise<this> {
    await until(this.#patience, what, () => {
      this.#expectSound();
      return isSo();
    });
    return this;
  }

  /** Until there are so many events. */
  count(events: number): Promise<this> {
    return this.until(`a reader gets ${events} events`, () => this.events.length >= events);
  }

  /** Until it has completed. */
  async completed(): Promise<this> {
    await this.until('a reader comes to the end', () => this.isComplete || this.error !== undefined);
    if (this.error) throw new Error(`a reader gets an error: ${this.error.message}`);
    return this;
  }

  /** Until it was told what went wrong. */
  async failed(): Promise<ProviderError> {
    await this.until('a reader gets an error', () => this.isComplete || this.error !== undefined);
    if (!this.error) throw new Error('a reader should get an error, and completes');
    return this.error;
  }

  /** Whatever is read: cursors go up, and nothing but ProviderErrors is raised. */
  #expectSound(): void {
    if (this.#foreign !== undefined) throw new Error(`a reader gets an error that is no ProviderError: ${String(this.#foreign)}`);
    let last = '';
    for (const { type, cursor } of this.events) {
      if (parseCursor(cursor) === undefined) throw new Error(`the cursor of ${type} is ${cursor}, which is none`);
      if (cursor <= last && type !== 'restart') throw new Error(`cursors do not go up: ${last}, then ${cursor}`);
      last = cursor;
    }
  }
}

/** The texts of the deltas among some events. */
export function textsOf(events: readonly StoredEvent[]): string[] {
  return (events as readonly StreamEvent[]).flatMap((event) => (event.type === 'text-delta' ? [event.text] : []));
}
