import type { IncomingMessage, ServerResponse } from 'node:http';
import { toWebRequest } from './to-web-request.ts';
import { writeEventStream } from './write-event-stream.ts';

/** A listener for `http.createServer`, and a handler for what is built on it. Resolves when the response is over; it never rejects. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * A function from a request to a response, as {@link createRelayHandler} makes one, for Node's HTTP server, Express and others.
 *
 * The request's `signal` is aborted when its connection is closed. A handler that throws, or answers with no response, is a 500, and says no more.
 *
 * @example
 * ```ts
 * createServer(toNodeHandler(createRelayHandler({ sessions }))).listen(8080);
 * ```
 */
export function toNodeHandler(handler: (request: Request) => Response | PromiseLike<Response>): NodeHandler {
  return async (incoming, outgoing) => {
    const left = new AbortController();
    outgoing.once('close', () => left.abort());
    let response = new Response(null, { status: 400 });
    try {
      const request = toWebRequest(incoming, left.signal);
      response = new Response(null, { status: 500 });
      const answer: Response | undefined = await handler(request);
      if (typeof answer?.status === 'number') response = answer;
    } catch {
      // Its status says enough.
    }
    await writeEventStream(outgoing, response);
  };
}
