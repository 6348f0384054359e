import { type Observable, Subscriber } from 'rxjs';
import { FlowGate, withFlowGate } from '../core/flow-gate.ts';
import { parseOptions } from '../core/options.ts';
import { isProviderError } from '../core/provider-error.ts';
import { Buffering, type BufferingConfig, bufferingSchema } from './buffering.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/**
 * Reads an Observable with `for await`.
 *
 * Subscribes at the first `next()`. A consumer that is slower than the source pauses it, down to the socket; a source that cannot
 * pause raises `buffer-overflow`. With another `overflow`, values are dropped instead. Leaving the loop (`break`, `return`, `throw`) unsubscribes. What was buffered is
 * delivered before an error, but dropped on `cancelled`.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * for await (const text of toAsyncIterable(client.stream(request).pipe(textDeltas()))) process.stdout.write(text);
 * ```
 */
export function toAsyncIterable<T>(source: Observable<T>, config: BufferingConfig<T> = {}): AsyncIterableIterator<T> {
  const settings = parseOptions('toAsyncIterable', bufferingSchema, config);
  return new ObservableIterator(source, new Buffering<T>(settings));
}

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T>) => void;
  readonly reject: (error: unknown) => void;
}

class ObservableIterator<T> implements AsyncIterableIterator<T> {
  readonly #source: Observable<T>;
  readonly #gate = new FlowGate();
  readonly #buffer: Buffering<T>;
  readonly #waiting: Waiter<T>[] = [];
  /** Made before the source is subscribed, which may never return from it. */
  readonly #upstream = new OperatorSubscriber<T>(new Subscriber<never>(), {
    next: (value) => this.#receive(value),
    error: (error) => this.#finish({ error }),
    complete: () => this.#finish({}),
  });
  #hasBegun = false;
  #end: { readonly error?: unknown } | undefined;

  constructor(source: Observable<T>, buffer: Buffering<T>) {
    this.#source = source;
    this.#buffer = buffer;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    if (!this.#hasBegun) this.#begin();
    const first = this.#buffer.take();
    if (first) {
      if (!this.#gate.open && this.#buffer.hasRoom) this.#gate.reopen();
      return Promise.resolve({ done: false, value: first.value });
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
    withFlowGate(this.#gate, () => this.#source.subscribe(this.#upstream));
  }

  #receive(value: T): void {
    if (this.#end) return;
    const waiter = this.#waiting.shift();
    if (waiter) {
      waiter.resolve({ done: false, value });
      return;
    }
    try {
      const overflow = this.#buffer.offer(value, this.#gate.taken);
      if (overflow) throw overflow;
      if (this.#buffer.wantsPause) this.#gate.close();
    } catch (error) {
      this.#upstream.unsubscribe();
      this.#finish({ error });
    }
  }

  #finish(end: { readonly error?: unknown }): void {
    if (this.#end) return;
    this.#end = end;
    if (isProviderError(end.error) && end.error.category === 'cancelled') this.#buffer.clear();
    for (const waiter of this.#waiting.splice(0)) this.next().then(waiter.resolve, waiter.reject);
  }

  #leave(): void {
    this.#upstream.unsubscribe();
    this.#buffer.clear();
    this.#end = {};
    for (const waiter of this.#waiting.splice(0)) waiter.resolve({ done: true, value: undefined });
  }
}
