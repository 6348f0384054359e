import { Observable, type Subscription } from 'rxjs';
import { currentFlowGate, type FlowGate } from '../core/flow-gate.ts';

/**
 * An Observable of an async iterable that does cancel it: RxJS's `from` leaves the source running until its next value.
 *
 * `open` is called at each subscription, so that a retry opens the source anew; its signal aborts on unsubscribe, and `return()` of
 * the iterator is called. Emits each value, completes and fails as the iterable does. A slower consumer is obeyed: the next value is
 * not asked for while it pauses.
 *
 * @example
 * ```ts
 * fromAsyncIterable((signal) => sdk.chat.completions.create({ ...body, stream: true }, { signal })).pipe(
 *   streamTimeout({ idle: 10_000 }),
 *   classifyErrors(),
 *   retry(backoff()),
 * );
 * ```
 */
export function fromAsyncIterable<T>(open: (signal: AbortSignal) => AsyncIterable<T> | PromiseLike<AsyncIterable<T>>): Observable<T> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    let iterator: AsyncIterator<T> | undefined;
    let hasEnded = false;
    const flow = currentFlowGate();
    if (flow) flow.taken = true;

    const leave = (): void => {
      if (hasEnded) return;
      hasEnded = true;
      controller.abort();
      // A generator that waits answers later, or never, or throws; nobody waits for it.
      const close = async (): Promise<unknown> => iterator?.return?.();
      close().catch(() => undefined);
    };
    subscriber.add(leave);

    const read = async (): Promise<void> => {
      const opened = await open(controller.signal);
      iterator = opened[Symbol.asyncIterator]();
      if (subscriber.closed) {
        await iterator.return?.();
        return;
      }
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        subscriber.next(next.value);
        if (flow?.open === false) await reopened(flow, subscriber);
        if (subscriber.closed) return;
      }
      hasEnded = true;
      subscriber.complete();
    };
    read().catch((error: unknown) => {
      hasEnded = true;
      subscriber.error(error);
    });
  });
}

function reopened(flow: FlowGate, subscriber: Subscription): Promise<void> {
  return new Promise((resolve) => {
    subscriber.add(flow.onReopen(resolve));
    subscriber.add(resolve);
  });
}

/**
 * An Observable of a web `ReadableStream` that cancels the stream on unsubscribe.
 *
 * `open` is called at each subscription; its signal aborts on unsubscribe. Emits each chunk, completes and fails as the stream does.
 *
 * @example
 * ```ts
 * fromReadableStream(async (signal) => (await fetch('/api/answer', { signal })).body ?? new ReadableStream());
 * ```
 */
export function fromReadableStream<T>(open: (signal: AbortSignal) => ReadableStream<T> | PromiseLike<ReadableStream<T>>): Observable<T> {
  return fromAsyncIterable(async (signal) => chunksOf(await open(signal)));
}

function chunksOf<T>(stream: ReadableStream<T>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const reader = stream.getReader();
      return {
        async next() {
          const { done, value } = await reader.read();
          if (!done) return { done: false, value };
          reader.releaseLock();
          return { done: true, value: undefined };
        },
        async return() {
          await reader.cancel();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
