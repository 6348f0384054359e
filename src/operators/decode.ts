import { asyncScheduler, Observable } from 'rxjs';
import type { RequestContext } from '../core/context.ts';
import { defaults } from '../core/defaults.ts';
import { ErrorResponse } from '../core/error-response.ts';
import type { EventLike, ProviderEvent, StreamEvent } from '../core/event.ts';
import type { Decoder, Provider } from '../core/provider.ts';
import { ProviderError } from '../core/provider-error.ts';
import type { ResponseHead, SseMessage } from '../core/transport.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** What `decode` has to know of the attempt. */
export interface DecodeContext extends Pick<RequestContext, 'requestId' | 'attempt' | 'raw'> {
  readonly model: string;
}

/**
 * Turns a response's head and messages into events, with a provider's decoder.
 *
 * Emits `start` for the head, then what the decoder yields. Completes after `finish`, the provider's own sign of the end, as soon
 * as the body ends or 50 ms have passed, and drops what comes after it. A body that ends without it is an error: `interrupted`.
 *
 * @example
 * ```ts
 * fetchTransport()(provider.request(request, context), context).pipe(decode(provider, { ...context, model: request.model }));
 * ```
 */
export function decode<E extends EventLike>(
  provider: Provider<E>,
  context: DecodeContext,
): (source: Observable<ResponseHead | SseMessage>) => Observable<StreamEvent | E> {
  return (source) =>
    new Observable<StreamEvent | E>((subscriber) => {
      const { requestId, model, raw } = context;
      let decoder: Decoder<E> | undefined;
      let headers: Headers | undefined;
      let hasEnded = false;

      /** The answer is whole. If the body ends now too, the connection can be used again; a server that lingers is left. */
      const end = (finish: ProviderEvent): void => {
        decoder = undefined;
        hasEnded = true;
        subscriber.next({ ...finish, requestId } as StreamEvent);
        if (!subscriber.closed) subscriber.add(asyncScheduler.schedule(() => subscriber.complete(), defaults.transport.lingerFor));
      };

      const emit = (events: Iterable<ProviderEvent | E>): void => {
        for (const event of events) {
          if (subscriber.closed) return;
          if (event.type === 'finish') {
            end(event as ProviderEvent);
            return;
          }
          // The head has said it, once.
          if (event.type !== 'start') subscriber.next(event as StreamEvent | E);
        }
      };

      /** A message that the end of the body cut in two is no fault of its own: the stream was interrupted. */
      const emitIfWhole = (by: Decoder<E>, message: SseMessage): void => {
        let events: (ProviderEvent | E)[] = [];
        try {
          events = [...by.decode(message)];
        } catch {
          return;
        }
        emit(events);
      };

      /** An error inside the stream belongs to the response that began it. */
      const emitFrom = (by: Decoder<E>, message: SseMessage): void => {
        try {
          emit(by.decode(message));
        } catch (error) {
          throw error instanceof ErrorResponse ? new ErrorResponse({ ...error.facts, headers }) : error;
        }
      };

      const begin = (head: ResponseHead): void => {
        if (headers) return;
        headers = head.headers;
        decoder = provider.decoder(head);
        subscriber.next({ type: 'start', requestId, attempt: context.attempt, provider: provider.name, model });
        if (decoder.begin) emit(decoder.begin());
      };

      const take = (message: ResponseHead | SseMessage): void => {
        if (message.type === 'head') {
          begin(message);
        } else if (decoder) {
          if (raw) subscriber.next({ type: 'raw', data: message.data });
          if (message.unterminated) emitIfWhole(decoder, message);
          else emitFrom(decoder, message);
        }
      };

      // What a subscriber brings about while it is given an event waits behind the rest of that message.
      let isTaking = false;
      const waiting: (ResponseHead | SseMessage)[] = [];

      source.subscribe(
        new OperatorSubscriber<ResponseHead | SseMessage>(subscriber, {
          next: (message) => {
            if (isTaking) {
              waiting.push(message);
              return;
            }
            isTaking = true;
            take(message);
            while (waiting.length > 0) take(waiting.shift() as ResponseHead | SseMessage);
            isTaking = false;
          },
          // A failure after the end is none.
          error: (error) => (hasEnded ? subscriber.complete() : subscriber.error(error)),
          complete: () => {
            if (decoder?.end) emit(decoder.end());
            if (hasEnded) subscriber.complete();
            else subscriber.error(cutShort());
          },
        }),
      );
    });
}

function cutShort(): ProviderError {
  return new ProviderError({ category: 'interrupted', reason: 'the body ended before the answer did' });
}
