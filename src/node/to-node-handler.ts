import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { writeEventStream } from './write-event-stream.ts';

/** A listener for `http.createServer`, and a handler for what is built on it. Resolves when the response is over; it never rejects. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** What frameworks add to a request. */
interface FrameworkRequest {
  /** The address before a router has cut its own part off. */
  readonly originalUrl?: string | undefined;
  /** The body, where middleware has read it already. */
  readonly body?: unknown;
}

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
      const request = toRequest(incoming, left.signal);
      response = new Response(null, { status: 500 });
      const answer: Response | undefined = await handler(request);
      if (typeof answer?.status === 'number') response = answer;
    } catch {
      // Its status says enough.
    }
    await writeEventStream(outgoing, response);
  };
}

function toRequest(incoming: IncomingMessage & FrameworkRequest, signal: AbortSignal): Request {
  const { method = 'GET', originalUrl, url = '/', headers, body } = incoming;
  const sent = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    // HTTP/2 has names that begin with a colon.
    if (value === undefined || name.startsWith(':')) continue;
    for (const each of [value].flat()) sent.append(name, each);
  }
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http';
  const path = originalUrl ?? url;
  // Joined as text: resolved, a path that begins with two slashes would be another host's.
  const target = `${scheme}://${hostOf(headers.host)}${path.startsWith('/') ? path : new URL(path, 'http://localhost').pathname}`;
  if (method === 'GET' || method === 'HEAD') return new Request(target, { method, headers: sent, signal });
  return new Request(target, { method, headers: sent, signal, body: bodyOf(incoming, body), duplex: 'half' } as RequestInit);
}

/** Whoever asks may claim any host; one that no address can hold is none. */
function hostOf(host: string | undefined): string {
  return host !== undefined && URL.canParse(`http://${host}`) ? host : 'localhost';
}

function bodyOf(incoming: IncomingMessage, parsed: unknown): BodyInit | null {
  if (parsed === undefined || !incoming.readableEnded) return Readable.toWeb(incoming) as ReadableStream<Uint8Array>;
  return typeof parsed === 'string' || parsed instanceof Uint8Array ? (parsed as BodyInit) : JSON.stringify(parsed);
}
