import { asyncScheduler, defer, Observable } from 'rxjs';
import type { RequestContext } from '../core/context.ts';
import { defaults } from '../core/defaults.ts';
import { ErrorResponse } from '../core/error-response.ts';
import type { EventLike, ProviderEvent, StreamEvent } from '../core/event.ts';
import type { Decoder, Provider } from '../core/provider.ts';
import { ProviderError } from '../core/provider-error.ts';
import { randomId } from '../core/random-id.ts';
import type { ResponseHead, SseMessage } from '../core/transport.ts';
import type { AttemptUsage } from '../policies/attempt-usage.ts';
import { classifyErrors } from './classify-errors.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';
import { stampErrors } from './stamp-errors.ts';

/** What `decode` may know of the attempt. */
export interface DecodeContext extends Partial<Pick<RequestContext, 'requestId' | 'attempt' | 'raw' | 'model'>> {
  /** Where an answer is taken up again; for the provider's decoder. */
  readonly from?: string | undefined;
  /**
   * Told of the decoder, whose cursor says how far it has come, and of the head. Who follows also classifies: errors leave as they were thrown. Default: every
   * error leaves as a `ProviderError`, in the words of the provider.
   */
  readonly follow?: ((decoder: Pick<Decoder, 'cursor'>, head: ResponseHead) => void) | undefined;
  /** Keeps count of what the attempt costs. */
  readonly usage?: Pick<AttemptUsage, 'begin' | 'write' | 'report' | 'settle'> | undefined;
}

/**
 * Turns a response into events, with a provider's decoder: its head and messages, or the chunks that an official SDK has parsed.
 *
 * Emits `start` for the head, or with the first chunk; then what the decoder yields. Completes after `finish`, the provider's own
 * sign of the end, as soon as the body ends or 50 ms have passed, and drops what comes after it. A body that ends without it is an
 * error: `interrupted`. What the provider reports inside the stream, and whatever the source fails with, leaves as a `ProviderError`.
 *
 * @param context Of a request that is made by hand. Default: a request id of its own, attempt 1, and the model that the first chunk names.
 *
 * @example
 * ```ts
 * fromAsyncIterable((signal) => sdk.chat.completions.create({ ...body, stream: true }, { signal })).pipe(decode(openai()), textDeltas());
 * ```
 */
export function decode<E extends EventLike>(
  provider: Provider<E>,
  context: DecodeContext = {},
): (source: Observable<unknown>) => Observable<StreamEvent | E> {
  // The client classifies for itself, with the user's rules and the secrets of the request.
  if (context.follow) return decoded(provider, context);
  const { model } = context;
  const classified = classifyErrors<StreamEvent | E>({
    provider: provider.name,
    model,
    describeError: provider.describeError?.bind(provider),
  });
  return (source) =>
    defer(() => {
      const requestId = context.requestId ?? newRequestId();
      const stamp = stampErrors<StreamEvent | E>(({ requestId: own }) => ({ requestId: own || requestId, attempt: context.attempt ?? 1 }));
      return source.pipe(decoded(provider, context, requestId), classified, stamp);
    });
}

function newRequestId(): string {
  return `req_${randomId()}`;
}

/** The events of a response; what fails leaves as it was thrown. */
function decoded<E extends EventLike>(
  provider: Provider<E>,
  context: DecodeContext,
  given = context.requestId,
): (source: Observable<unknown>) => Observable<StreamEvent | E> {
  return (source) =>
    new Observable<StreamEvent | E>((subscriber) => {
      const { raw, usage: account } = context;
      const requestId = given ?? newRequestId();
      let decoder: Decoder<E> | undefined;
      let headers: Headers | undefined;
      let hasEnded = false;

      /** The answer is whole. If the body ends now too, the connection can be used again; a server that lingers is left. */
      const end = (finish: ProviderEvent): void => {
        decoder = undefined;
        hasEnded = true;
        const counted = account?.settle((finish as Extract<ProviderEvent, { type: 'finish' }>).usage);
        subscriber.next({ ...finish, ...counted, requestId } as StreamEvent);
        if (!subscriber.closed) subscriber.add(asyncScheduler.schedule(() => subscriber.complete(), defaults.transport.lingerFor));
      };

      const emitOne = (event: ProviderEvent | E): void => {
        if (event.type === 'finish') {
          end(event as ProviderEvent);
          return;
        }
        if (account) count(account, event);
        // The head has said it, once.
        if (event.type !== 'start') subscriber.next(event as StreamEvent | E);
      };

      const emit = (events: Iterable<ProviderEvent | E>): void => {
        if (Array.isArray(events)) {
          // Most messages give an array of one: an iterator for each would cost more than the event.
          for (let index = 0; index < events.length && !subscriber.closed && !hasEnded; index++) emitOne(events[index]);
          return;
        }
        for (const event of events) {
          if (subscriber.closed) return;
          emitOne(event);
          if (hasEnded) return;
        }
      };

      /** An error inside the stream belongs to the response that began it. */
      const emitFrom = (by: Decoder<E>, message: SseMessage): void => {
        try {
          emit(by.decode(message));
        } catch (error) {
          throw error instanceof ErrorResponse ? new ErrorResponse({ ...error.facts, headers }) : error;
        }
      };

      /** A message that the end of the body cut in two is no fault of its own: the stream was interrupted. An error that it reports is one. */
      const emitIfWhole = (by: Decoder<E>, message: SseMessage): void => {
        try {
          emitFrom(by, message);
        } catch (error) {
          if (error instanceof ErrorResponse && error.facts.body !== undefined) throw error;
        }
      };

      const begin = (head: ResponseHead, model = ''): void => {
        if (headers) return;
        headers = head.headers;
        decoder = provider.decoder(head, context.from);
        context.follow?.(decoder, head);
        account?.begin();
        // An attempt has its number when it is subscribed to.
        subscriber.next({ type: 'start', requestId, attempt: context.attempt ?? 1, provider: provider.name, model });
        if (decoder.begin) emit(decoder.begin());
      };

      const take = (value: unknown): void => {
        if (hasEnded) return;
        const message = messageOf(value);
        if (message.type === 'head') {
          begin(message, context.model);
          return;
        }
        if (!headers && message.value !== undefined) begin(noHead, context.model ?? modelOf(message.value));
        if (decoder) {
          if (raw) subscriber.next({ type: 'raw', data: message.value ?? message.data });
          if (message.unterminated) emitIfWhole(decoder, message);
          else emitFrom(decoder, message);
        }
      };

      // What a subscriber brings about while it is given an event waits behind the rest of that message.
      let isTaking = false;
      const waiting: unknown[] = [];

      source.subscribe(
        new OperatorSubscriber<unknown>(subscriber, {
          next: (message) => {
            if (isTaking) {
              waiting.push(message);
              return;
            }
            isTaking = true;
            take(message);
            while (waiting.length > 0) take(waiting.shift());
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

/** What an SDK gives has no head. */
const noHead: ResponseHead = { type: 'head', status: 200, headers: new Headers() };

/** A head or a message of a transport as it is; anything else is what an SDK has parsed. */
function messageOf(value: unknown): ResponseHead | SseMessage {
  if (value === undefined || value === null) {
    throw new ErrorResponse({ status: undefined, body: undefined, headers: undefined, reason: `a chunk of the stream is ${value}` });
  }
  const { type } = value as { readonly type?: unknown };
  const isOurs =
    (type === 'message' && typeof (value as Partial<SseMessage>).data === 'string') ||
    (type === 'head' && (value as Partial<ResponseHead>).headers instanceof Headers);
  return isOurs ? (value as ResponseHead | SseMessage) : { type: 'message', event: '', data: '', id: '', value };
}

/** Where the formats name their model. */
function modelOf(chunk: unknown): string | undefined {
  const { model, message, response, modelVersion } = chunk as Record<string, unknown>;
  const inner = (message ?? response) as Record<string, unknown> | undefined;
  return [model, inner?.model, modelVersion].find((name) => typeof name === 'string');
}

function count(account: NonNullable<DecodeContext['usage']>, value: EventLike): void {
  const event = value as ProviderEvent;
  switch (event.type) {
    case 'text-delta':
    case 'reasoning-delta':
    case 'refusal-delta':
      account.write(event.text.length);
      break;
    case 'tool-input-delta':
      account.write(event.delta.length);
      break;
    case 'usage':
      account.report(event.usage);
  }
}

function cutShort(): ProviderError {
  return new ProviderError({ category: 'interrupted', reason: 'the body ended before the answer did' });
}
