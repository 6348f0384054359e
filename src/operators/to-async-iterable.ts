import type { Observable, Subscription } from 'rxjs';
import { z } from 'zod';
import { defaults } from '../core/defaults.ts';
import { FlowGate, withFlowGate } from '../core/flow-gate.ts';
import { count, parseOptions } from '../core/options.ts';
import { isProviderError, ProviderError } from '../core/provider-error.ts';
import { RingBuffer } from '../policies/ring-buffer.ts';

/** How much `toAsyncIterable` holds for a consumer that is slower than its source. */
export interface ToAsyncIterableConfig {
  /** Items held before the source is asked to pause; one that cannot pause overflows. Default: 256. */
  readonly maxItems?: number | undefined;
}

const schema = z.strictObject({ maxItems: count(1).default(defaults.ring.maxItems) });

/** What a source that pauses may still deliver: the messages of one read. */
const grace = 1_024;

/**
 * Reads an Observable with `for await`.
 *
 * Subscribes at the first `next()`. A consumer that is slower than the source pauses it, down to the socket; a source that cannot
 * pause raises `buffer-overflow` at `maxItems`. Leaving the loop (`break`, `return`, `throw`) unsubscribes. What was buffered is
 * delivered before an error, but dropped on `cancelled`.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * for await (const text of toAsyncIterable(client.stream(request).pipe(textDeltas()))) process.stdout.write(text);
 * ```
 */
export function toAsyncIterable<T>(source: Observable<T>, config: ToAsyncIterableConfig = {}): AsyncIterableIterator<T> {
  const { maxItems } = parseOptions('toAsyncIterable', schema, config);
  return new ObservableIterator(source, maxItems);
}

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T>) => void;
  readonly reject: (error: unknown) => void;
}

class ObservableIterator<T> implements AsyncIterableIterator<T> {
  readonly #source: Observable<T>;
  readonly #maxItems: number;
  readonly #gate = new FlowGate();
  readonly #buffer = new RingBuffer<T>({ maxItems: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
  readonly #waiting: Waiter<T>[] = [];
  #subscription: Subscription | undefined;
  #hasBegun = false;
  #end: { readonly error?: unknown } | undefined;

  constructor(source: Observable<T>, maxItems: number) {
    this.#source = source;
    this.#maxItems = maxItems;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    if (!this.#hasBegun) this.#begin();
    if (this.#buffer.length > 0) {
      const value = this.#buffer.shift() as T;
      if (this.#buffer.length <= this.#maxItems / 2) this.#gate.reopen();
      return Promise.resolve({ done: false, value });
    }
    if (this.#end) {
      const { error } = this.#end;
      // Raised once; after it, the iterator is simply done.
      if ('error' in this.#end) {
        this.#end = {};
        return Promise.reject(error);
      }
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<T>> {
    this.#hasBegun = true;
    this.#leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<T>> {
    this.#hasBegun = true;
    this.#leave();
    return Promise.reject(error);
  }

  #begin(): void {
    this.#hasBegun = true;
    withFlowGate(this.#gate, () => {
      const subscription = this.#source.subscribe({
        next: (value) => this.#receive(value),
        error: (error) => this.#finish({ error }),
        complete: () => this.#finish({}),
      });
      if (this.#end) subscription.unsubscribe();
      else this.#subscription = subscription;
    });
  }

  #receive(value: T): void {
    if (this.#end) return;
    const waiter = this.#waiting.shift();
    if (waiter) {
      waiter.resolve({ done: false, value });
      return;
    }
    const { length } = this.#buffer;
    if (length >= (this.#gate.taken ? this.#maxItems + grace : this.#maxItems)) {
      this.#subscription?.unsubscribe();
      const reason = `the consumer is slower than the source, which cannot pause, and ${length} items are waiting`;
      this.#finish({ error: new ProviderError({ category: 'buffer-overflow', phase: 'local', reason }) });
      return;
    }
    this.#buffer.push(value);
    if (length + 1 >= this.#maxItems) this.#gate.close();
  }

  #finish(end: { readonly error?: unknown }): void {
    if (this.#end) return;
    this.#end = end;
    if (isProviderError(end.error) && end.error.category === 'cancelled') this.#buffer.clear();
    for (const waiter of this.#waiting.splice(0)) this.next().then(waiter.resolve, waiter.reject);
  }

  #leave(): void {
    this.#subscription?.unsubscribe();
    this.#buffer.clear();
    this.#end = {};
    for (const waiter of this.#waiting.splice(0)) waiter.resolve({ done: true, value: undefined });
  }
}
