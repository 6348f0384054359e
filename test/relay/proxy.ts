import { type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { serveNode } from './support.ts';

/** A response on its way through a proxy. */
export interface Passing {
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/** The address of a proxy that changes responses on their way. Where its server breaks off, it does too. */
export async function proxyTo(target: string, change: (passing: Passing) => Passing): Promise<string> {
  const { url } = await serveNode((incoming, response) => passOn(target, incoming, response, change));
  return url;
}

/** Hands a request on, and its answer back. */
export function passOn(
  target: string,
  incoming: IncomingMessage,
  response: ServerResponse,
  change: (passing: Passing) => Passing = (passing) => passing,
): void {
  const { method, headers } = incoming;
  const outgoing = request(`${target}${incoming.url}`, { method, headers, agent: false }, (upstream) => {
    const { headers: sent, body } = change({ headers: upstream.headers, body: upstream });
    response.writeHead(upstream.statusCode ?? 502, sent);
    response.flushHeaders();
    body.once('error', () => response.destroy());
    upstream.once('close', () => upstream.complete || response.destroy());
    body.pipe(response);
  });
  outgoing.once('error', () => response.destroy());
  response.once('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
