import { Observable } from 'rxjs';
import { classify } from './classify.ts';
import type { EventLike, StreamEvent } from './core/event.ts';
import { ProviderError } from './core/provider-error.ts';
import { OperatorSubscriber } from './operators/operator-subscriber.ts';
import { RelayDecoder } from './relay/relay-decoder.ts';
import { fetchTransport } from './transport/fetch-transport.ts';

/**
 * The events of a response that {@link toEventStreamResponse} made, for those who make the request themselves.
 *
 * Emits the events with their cursors, `start` included. Completes with the end marker; raises what the server said of a failure, and
 * `interrupted` where the body ends without the marker: it does not ask again, as `createClient({ provider: relay({ url }) })` does. Unsubscribing
 * cancels the body. It can be subscribed to once, as a body can be read once.
 *
 * @example
 * ```ts
 * const response = await fetch(`/api/chat/${id}`);
 * fromEventStream(response).pipe(textDeltas()).subscribe((text) => show(text));
 * ```
 */
export function fromEventStream<E extends EventLike = StreamEvent>(source: Response | ReadableStream<Uint8Array>): Observable<E> {
  return new Observable((subscriber) => {
    const response = source instanceof Response ? source : new Response(source);
    const decoder = new RelayDecoder(undefined);
    const transport = fetchTransport({ fetch: async () => response });
    const request = { url: response.url, headers: {} };
    let hasEnded = false;
    transport(request, { requestId: '', attempt: 1, signal: new AbortController().signal }).subscribe(
      new OperatorSubscriber(subscriber, {
        next: (message) => {
          if (message.type === 'head') return;
          for (const event of decoder.decode(message)) {
            if (event.type === 'finish') {
              hasEnded = true;
              // One that the decoder made itself is only the sign of the end.
              if (decoder.hasFinish) subscriber.next(event as unknown as E);
              subscriber.complete();
              return;
            }
            subscriber.next(event as unknown as E);
          }
        },
        error: (error) => subscriber.error(classify(error)),
        complete: () => {
          if (!hasEnded) subscriber.error(new ProviderError({ category: 'interrupted', reason: 'the body ended before the answer did' }));
        },
      }),
    );
  });
}
