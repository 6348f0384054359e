import type { IncomingMessage, ServerResponse } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { lastEventId } from '../index.ts';

/** A request of Node, or of a framework that keeps it as `raw`, as Fastify does. */
export type NodeRequest = IncomingMessage | { readonly raw: IncomingMessage };

/** A response of Node, or of a framework that keeps it as `raw`. */
export type NodeResponse = ServerResponse | { readonly raw: ServerResponse };

/**
 * Who reads an answer as server-sent events: where it was, and its connection. {@link Reader} gives it to a route.
 *
 * @example
 * ```ts
 * const reader = new StreamReader(incoming, outgoing); // of Express, of Fastify, of node:http
 * const events$ = sessions.attach(id, { after: reader.after });
 * ```
 */
export class StreamReader {
  /** The cursor of the last event that it has, by `Last-Event-ID` or `?after=`; `undefined` where it has none. */
  readonly after: string | undefined;
  /** Whether it has read the end: a native `EventSource` that nobody closed asks once more. */
  readonly hasEnded: boolean;
  /** Node's own response. */
  readonly response: ServerResponse;

  constructor(request: NodeRequest, response: NodeResponse) {
    const { url = '/', headers } = incomingOf(request);
    const id = headers['last-event-id'];
    const { after, hasEnded } = lastEventId({ url, headers: new Headers(typeof id === 'string' ? { 'last-event-id': id } : {}) });
    this.after = after;
    this.hasEnded = hasEnded;
    this.response = outgoingOf(response);
  }

  /** Whether it has gone away. */
  get hasLeft(): boolean {
    return this.response.destroyed || this.response.writableEnded;
  }
}

/**
 * A decorator for a parameter of a route: who reads, as a {@link StreamReader}. Works over Express and over Fastify.
 *
 * @example
 * ```ts
 * \@Sse(':id')
 * read(\@Param('id') id: string, \@Reader() reader: StreamReader) {
 *   return this.streams.toMessageEvents(this.streams.sessions.attach(id, { after: reader.after }), reader);
 * }
 * ```
 */
export const Reader: () => ParameterDecorator = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const http = context.switchToHttp();
  return new StreamReader(http.getRequest<NodeRequest>(), http.getResponse<NodeResponse>());
});

/** Node's own request. A body that the framework has read goes with it. */
export function incomingOf(request: NodeRequest): IncomingMessage {
  if (!('raw' in request)) return request;
  const { body } = request as { readonly body?: unknown };
  return body === undefined ? request.raw : Object.assign(request.raw, { body });
}

/** Node's own response. */
export function outgoingOf(response: NodeResponse): ServerResponse {
  return 'raw' in response ? response.raw : response;
}
