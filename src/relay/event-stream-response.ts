import type { Observable } from 'rxjs';
import type { EventLike } from '../core/event.ts';
import { parseOptions } from '../core/options.ts';
import { EventStreamBody } from './event-stream-body.ts';
import { type EventStreamOptions, type EventStreamSettings, eventStreamSchema } from './event-stream-options.ts';

/**
 * A stream of events as a response of server-sent events, for `fetch` and for a native `EventSource`.
 *
 * Each event is a message whose `data` is its JSON, and whose `id` is its cursor, where it has one. A failure is a message of type `error`
 * that holds what an end user may read. After completion and after a failure comes the end marker, a message of type `end`; a body that ends
 * without it was interrupted.
 *
 * Cold: nothing is subscribed to before the body is read. Who cancels the body unsubscribes.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * app.post('/chat', async (context) => toEventStreamResponse(client.stream(await requestFrom(context))));
 * ```
 */
export function toEventStreamResponse(events$: Observable<EventLike>, options: EventStreamOptions = {}): Response {
  const settings = parseOptions('toEventStreamResponse', eventStreamSchema, options);
  return responseOf(new EventStreamBody(events$, settings), settings);
}

/** A response around a body that may have begun. */
export function responseOf({ stream }: EventStreamBody, { status, headers, location }: EventStreamSettings): Response {
  return new Response(stream, {
    status,
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      // Compressing and buffering on the way would hold events back until there are enough of them.
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...(location !== undefined && { location, 'access-control-expose-headers': 'location' }),
      ...headers,
    },
  });
}
