import type { IncomingMessage } from 'node:http';
import { unreadBody } from './unread-body.ts';

/** What frameworks add to a request. */
interface FrameworkRequest {
  /** The address before a router has cut its own part off. */
  readonly originalUrl?: string | undefined;
  /** The body, where middleware has read it already. */
  readonly body?: unknown;
}

/**
 * A request of Node's HTTP server as a `Request`, for who calls a handler of web standards from a framework's own route.
 *
 * A body that middleware has read and put on `request.body` is taken from there; an address that a router has cut is whole again.
 *
 * @param signal Aborted when whoever asks has left.
 *
 * @example
 * ```ts
 * const response = await createRelayHandler({ sessions })(toWebRequest(incoming, signal));
 * await writeEventStream(outgoing, response);
 * ```
 */
export function toWebRequest(incoming: IncomingMessage & FrameworkRequest, signal: AbortSignal): Request {
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
  return new Request(target, { method, headers: sent, signal, body: bodyOf(incoming, body, signal), duplex: 'half' } as RequestInit);
}

/** Whoever asks may claim any host; one that no address can hold is none. */
function hostOf(host: string | undefined): string {
  return host !== undefined && URL.canParse(`http://${host}`) ? host : 'localhost';
}

function bodyOf(incoming: IncomingMessage, parsed: unknown, signal: AbortSignal): BodyInit | null {
  if (parsed === undefined || !incoming.readableEnded) return unreadBody(incoming, signal);
  return typeof parsed === 'string' || parsed instanceof Uint8Array ? (parsed as BodyInit) : JSON.stringify(parsed);
}
