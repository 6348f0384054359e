import type { Observable } from 'rxjs';
import * as z from 'zod';
import { EventStreamBody, type EventStreamFraming, eventStreamSchema, parseOptions, responseOf } from '../endpoint.ts';
import type { EventLike, EventStreamOptions } from '../index.ts';
import { chunksShape, groupUIMessageChunks, type UIMessageChunksConfig } from './to-ui-message-chunks.ts';

/** Options of {@link toUIMessageStreamResponse}. Times are milliseconds. */
export interface UIMessageStreamOptions
  extends Pick<EventStreamOptions, 'status' | 'headers' | 'heartbeat' | 'maxBufferedBytes' | 'signal'>,
    UIMessageChunksConfig {}

/** What the AI SDK reads takes each end of a body for the end of the answer: what is cut off has to fail. */
export const uiMessageFraming: EventStreamFraming = {
  failure: ({ message }) => ({ type: 'error', errorText: message }) as EventLike,
  end: () => 'data: [DONE]\n\n',
  whenCut: 'fail',
};

/** What a body of chunks takes of the options of an event stream: there are no cursors in it, and nobody comes back by itself. */
export const bodyShape = {
  headers: eventStreamSchema.shape.headers,
  heartbeat: eventStreamSchema.shape.heartbeat,
  maxBufferedBytes: eventStreamSchema.shape.maxBufferedBytes,
  signal: eventStreamSchema.shape.signal,
};

const schema = z.strictObject({ ...bodyShape, status: eventStreamSchema.shape.status, ...chunksShape });

/** How the chunks of a body are written. */
export type UIMessageBodySettings = z.output<typeof schema>;

/** A response whose body is the chunks of a stream of events. */
export function uiMessageResponse(events$: Observable<EventLike>, config: UIMessageBodySettings): Response {
  const { messageId, isReplay, messageMetadata, ...body } = config;
  const settings = eventStreamSchema.parse(body);
  const stream = new EventStreamBody(
    events$.pipe(groupUIMessageChunks({ messageId, isReplay, messageMetadata })),
    settings,
    undefined,
    uiMessageFraming,
  );
  const headers = { 'x-vercel-ai-ui-message-stream': 'v1', ...settings.headers };
  return responseOf(stream, { ...settings, headers });
}

/**
 * A stream of events as a response that `useChat` of the AI SDK reads: its UI message stream, version 1.
 *
 * Cold: nothing is subscribed to before the body is read. Who leaves unsubscribes, which stops the provider; {@link createUIMessageHandler} is
 * for answers that outlive their readers. A slow reader slows the provider down.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * app.post('/api/chat', async (context) => {
 *   const { messages } = await context.req.json();
 *   return toUIMessageStreamResponse(client.stream({ model: 'gpt-4o-mini', messages: toMessages(messages) }));
 * });
 * ```
 */
export function toUIMessageStreamResponse(events$: Observable<EventLike>, options: UIMessageStreamOptions = {}): Response {
  return uiMessageResponse(events$, parseOptions('toUIMessageStreamResponse', schema, options));
}
