import { Observable, Subject } from 'rxjs';
import type { ProviderError } from '../core/provider-error.ts';
import type { UnloggedEvent } from './append-queue.ts';

/**
 * What the subscribers in a producer's own process get beside the log, while the store is away: events that are not logged, and may never be.
 *
 * Without trouble nothing passes here.
 */
export class LocalFeed {
  readonly #events$ = new Subject<UnloggedEvent>();
  readonly #volatile$ = new Subject<UnloggedEvent>();
  #isVolatile = false;
  readonly #unlogged: () => readonly UnloggedEvent[];

  constructor(unlogged: () => readonly UnloggedEvent[]) {
    this.#unlogged = unlogged;
  }

  /** What is not in the log yet, and then what comes, for as long as the store is away; raises what the producer failed with. */
  readonly volatile$ = new Observable<UnloggedEvent>((subscriber) => {
    if (this.#isVolatile) for (const event of this.#unlogged()) subscriber.next(event);
    return this.#volatile$.subscribe(subscriber);
  });

  /** The same whether the store is away or not: for who cannot read the log. */
  readonly events$ = new Observable<UnloggedEvent>((subscriber) => {
    for (const event of this.#unlogged()) subscriber.next(event);
    return this.#events$.subscribe(subscriber);
  });

  get isVolatile(): boolean {
    return this.#isVolatile;
  }

  /** The store is away: what was kept for it is told, and from now on everything. */
  open(): void {
    if (this.#isVolatile) return;
    this.#isVolatile = true;
    for (const event of this.#unlogged()) this.#volatile$.next(event);
  }

  /** The log has everything again. */
  close(): void {
    this.#isVolatile = false;
  }

  next(event: UnloggedEvent): void {
    this.#events$.next(event);
    if (this.#isVolatile) this.#volatile$.next(event);
  }

  fail(error: ProviderError): void {
    this.#events$.error(error);
    this.#volatile$.error(error);
  }

  complete(): void {
    this.#events$.complete();
    this.#volatile$.complete();
  }
}
