import type { Observable } from 'rxjs';
import type { BufferingConfig } from './buffering.ts';
import { toAsyncIterable } from './to-async-iterable.ts';

/**
 * Reads an Observable as a web `ReadableStream`, for a `Response` or a pipe.
 *
 * Subscribes at the first read. A slow reader pauses the source, down to the socket. Cancelling the stream unsubscribes; an error of
 * the source is an error of the stream.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * new Response(toReadableStream(client.stream(request).pipe(textDeltas())).pipeThrough(new TextEncoderStream()));
 * ```
 */
export function toReadableStream<T>(source: Observable<T>, config: BufferingConfig<T> = {}): ReadableStream<T> {
  const values = toAsyncIterable(source, config);
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const { done, value } = await values.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await values.return?.();
      },
    },
    // Nothing is read ahead: the buffer is the iterable's.
    { highWaterMark: 0 },
  );
}
