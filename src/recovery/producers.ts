import { filter, firstValueFrom, merge, type Observable, Subject, Subscription, take } from 'rxjs';
import type { StreamPosition } from '../core/checkpoint.ts';
import { defaults } from '../core/defaults.ts';
import type { EventLike } from '../core/event.ts';
import { after } from './persist.ts';
import { Producer } from './producer.ts';
import type { EndOfAnswer, ProducerSettings } from './producer-config.ts';
import { interruptedOutcome, outcomeOf, producerLostCode } from './store-errors.ts';
import type { StreamRecord } from './stream-record.ts';

/** What a producer is to write. */
export interface Production {
  readonly record: StreamRecord;
  /** What the log holds already, and the sequence of its last event; nothing at the beginning. */
  readonly events?: readonly EventLike[] | undefined;
  readonly lastEvent?: number | undefined;
  readonly forgets: (end: EndOfAnswer) => boolean;
  readonly cancelled: (position: StreamPosition) => void;
  readonly generate: (follow: (position: () => StreamPosition) => void) => Observable<EventLike>;
}

/** The streams that this process produces. */
export class Producers {
  readonly #settings: ProducerSettings;
  readonly #owner: string;
  readonly #running = new Map<string, { readonly producer: Producer; readonly record: StreamRecord }>();
  readonly #left = new Subject<void>();
  #cancellations = Subscription.EMPTY;

  constructor(settings: ProducerSettings, owner: string) {
    this.#settings = settings;
    this.#owner = owner;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Of a stream that is produced here. */
  record(id: string): StreamRecord | undefined {
    return this.#running.get(id)?.record;
  }

  get(id: string): Producer | undefined {
    return this.#running.get(id)?.producer;
  }

  run({ record, events = [], lastEvent = 0, forgets, cancelled, generate }: Production): void {
    const { id, epoch, requestId, last } = record;
    let position: (() => StreamPosition) | undefined;
    const producer = new Producer({
      ...this.#settings,
      holder: { id, epoch },
      requestId,
      last,
      lastEvent,
      events,
      forgets,
      cancelled,
      position: () => position?.(),
    });
    if (this.#running.size === 0) this.#listen();
    this.#running.set(id, { producer, record });
    producer.ended$.subscribe(() => this.#leave(id, producer));
    try {
      producer.run(
        generate((read) => {
          position = read;
        }),
      );
    } catch (error) {
      // Nobody else would ever give the stream back.
      producer.end(outcomeOf(error, requestId));
    }
  }

  /** Waits for all to end, and past the deadline gives back what another process may take, and seals the rest. */
  async drain(deadline: number): Promise<void> {
    await this.#empty(deadline);
    for (const { producer, record } of [...this.#running.values()]) {
      producer.end(record.takeover === 'fail' ? interruptedOutcome(record.requestId, producerLostCode) : 'release');
    }
    await this.#empty(Math.min(this.#settings.patience, defaults.sessions.leaveWithin));
  }

  async #empty(deadline: number): Promise<void> {
    if (this.#running.size === 0) return;
    const isEmpty = this.#left.pipe(
      filter(() => this.#running.size === 0),
      take(1),
    );
    await firstValueFrom(merge(isEmpty, after(deadline)));
  }

  /** Somebody in another process may ask for the end of what is produced here. */
  #listen(): void {
    this.#cancellations.unsubscribe();
    this.#cancellations = this.#settings.store.cancellations(this.#owner).subscribe({
      next: (id) => this.get(id)?.cancel(),
      // Each renewal tells of it too.
      error: () => undefined,
    });
  }

  #leave(id: string, producer: Producer): void {
    if (this.get(id) === producer) this.#running.delete(id);
    if (this.#running.size === 0) this.#cancellations.unsubscribe();
    this.#left.next();
  }
}
