import { Logger, type MessageEvent } from '@nestjs/common';
import { asyncScheduler, EMPTY, Observable, tap } from 'rxjs';
import * as z from 'zod';
import { defaults, type EventLike, type EventStreamOptions, isProviderError, toEventStreamResponse } from '../index.ts';
import { endConnection } from './end-connection.ts';
import { MessageEvents } from './message-events.ts';
import { callback, milliseconds, parseNestOptions } from './parse-nest-options.ts';
import { hasRoom } from './response-room.ts';
import type { StreamReader } from './stream-reader.ts';
import { retryAfterOf, toHttpException } from './to-http-exception.ts';

/** Options of {@link toMessageEvents}. Times are milliseconds. */
export interface MessageEventsOptions extends Omit<EventStreamOptions, 'status' | 'headers'> {
  /**
   * Which failures before the first event are an exception with a status, for Nest's filters; any other is told inside the stream. For a stream
   * that is read once, `() => true`. A client over {@link relay} asks again after a 5xx. Default: what was refused on this side, an unknown id too.
   */
  readonly isRefusal?: ((error: unknown) => boolean) | undefined;
  /** How long the first event is waited for, before the response begins without it; 0 to 600,000. Default: 500. */
  readonly statusDelay?: number | undefined;
}

const schema = z.looseObject({
  isRefusal: callback<(error: unknown) => boolean>().default(() => isOfThisSide),
  statusDelay: milliseconds(0, 600_000).default(defaults.relay.statusDelay),
});

/** So many messages, or characters, are given to Nest at once, which cannot be told to wait. */
const maxSlice = { messages: 256, characters: 65_536 };

/**
 * A stream of events as the messages of a route of `@Sse()`, in the format of a relay: read by {@link relay}, {@link fromEventStream} and a
 * native `EventSource`.
 *
 * Each event is a message without a name, whose `id` is its cursor; then come `error`, where the stream failed, with what an end user may read,
 * and `end`. Comments show that the connection lives. It is given to Nest no faster than the reader takes it, so that Nest, which drops
 * connections over 4 Mi characters, holds little: a source that can pause pauses, any other is cut at `maxBufferedBytes`.
 *
 * Rejects with a `HttpException` for what `isRefusal` says, before the response begins, and with what is no error of this library as it is. Whoever has read the end gets 204. A reader that leaves,
 * also in the meantime, unsubscribes.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * \@Sse(':id')
 * read(\@Param('id') id: string, \@Reader() reader: StreamReader) {
 *   return toMessageEvents(this.sessions.attach(id, { after: reader.after }), reader);
 * }
 * ```
 */
export async function toMessageEvents(
  events$: Observable<EventLike>,
  reader: StreamReader,
  options: MessageEventsOptions = {},
): Promise<Observable<MessageEvent>> {
  const { isRefusal, statusDelay, ...streaming } = parseNestOptions('toMessageEvents', schema, options);
  const opening = new Opening();
  const { body } = toEventStreamResponse(events$.pipe(tap(opening)), streaming);
  const { response } = reader;
  if (reader.hasEnded || reader.hasLeft || !body) {
    if (!reader.hasLeft) response.statusCode = 204;
    return EMPTY;
  }
  const source = body.getReader();
  const leave = () => {
    opening.settle();
    source.cancel().catch(() => {});
  };
  response.once('close', leave);
  const first = source.read();
  await opening.settled(statusDelay);
  if (opening.failure && isRefusal(opening.failure.error)) {
    response.off('close', leave);
    leave();
    const { error } = opening.failure;
    // What is no error of ours is for Nest to log.
    if (!isProviderError(error)) throw error;
    const exception = toHttpException(error);
    const retryAfter = retryAfterOf(exception);
    if (retryAfter !== undefined && !response.headersSent) response.setHeader('retry-after', retryAfter);
    throw exception;
  }
  if (options.location !== undefined && !response.headersSent) {
    response.setHeader('location', options.location);
    // What is for CORS may have said which others a page may see.
    const exposed = [response.getHeader('access-control-expose-headers') ?? [], 'location'].flat();
    response.setHeader('access-control-expose-headers', exposed.join(', '));
  }
  return new Observable((subscriber) => {
    const messages = new MessageEvents(reader.after);
    const pass = async () => {
      for (let piece = await first; !piece.done; piece = await source.read()) {
        for (const slice of slicesOf(messages.read(piece.value))) {
          if (subscriber.closed) return;
          for (const message of slice) subscriber.next(message);
          await hasRoom(response);
        }
      }
      if (options.signal?.aborted) endConnection(response);
      subscriber.complete();
    };
    pass().catch((error) => subscriber.error(error));
    return leave;
  });
}

/** What is known of a stream before its first event. */
class Opening {
  failure: { readonly error: unknown } | undefined;
  #isOpen = false;
  #resolve: (() => void) | undefined;

  // That an attempt has failed is no beginning.
  next = ({ type }: EventLike) => type === 'retry' || this.settle();
  complete = () => this.settle();
  error = (error: unknown) => {
    if (!this.#isOpen) this.failure = { error };
    // The stream says nothing of it, and nobody else is told.
    else if (!isProviderError(error)) Logger.error(error, 'SteadyStream');
    this.settle();
  };

  settle(): void {
    this.#isOpen = true;
    this.#resolve?.();
  }

  /** Resolves at the first event, at the end, and after a while. */
  async settled(delay: number): Promise<void> {
    if (this.#isOpen) return;
    await new Promise<void>((resolve) => {
      const waiting = asyncScheduler.schedule(() => this.settle(), delay);
      this.#resolve = () => {
        waiting.unsubscribe();
        resolve();
      };
    });
  }
}

function* slicesOf(messages: readonly MessageEvent[]): Generator<MessageEvent[]> {
  let slice: MessageEvent[] = [];
  let characters = 0;
  for (const message of messages) {
    slice.push(message);
    characters += String(message.data ?? '').length;
    if (slice.length < maxSlice.messages && characters < maxSlice.characters) continue;
    yield slice;
    slice = [];
    characters = 0;
  }
  if (slice.length > 0) yield slice;
}

function isOfThisSide(error: unknown): boolean {
  return !isProviderError(error) || (error.phase === 'local' && error.category !== 'circuit-open' && error.category !== 'cancelled');
}
