import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeEventStream } from '../node/index.ts';
import { type InspectorOptions, type InspectorSettings, parseInspectorOptions } from './inspector-options.ts';
import { recordsOf } from './lifecycle-source.ts';
import { PageFeed } from './page-feed.ts';
import { pageScript } from './page-script.ts';
import { asRecord, readLifecycle } from './read-lifecycle.ts';
import { isAllowed, safeHeaders } from './request-guard.ts';

/** A page that shows what happens to streams. */
export interface Inspector {
  /** Where it is. */
  readonly url: string;
  /** Ends it: no socket, no timer and no subscription is left. Never rejects. */
  close(): Promise<void>;
}

const defaultPort = 4984;
/** A page that reads no more is sent away then, and comes back to a fresh view. */
const maxWaitingBytes = 8 * 1_048_576;

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>steadystream inspector</title>
<link rel="icon" href="data:,">
<body><noscript>The inspector needs JavaScript.</noscript><script src="/inspector.js"></script></body>
</html>
`;

/**
 * Serves a page on this machine that shows what happens to all streams of a client, as it happens: a lane for each stream, with its attempts and waits as a
 * living marble diagram; breakers, cooldowns and budgets; time to first content and speed. Or what has happened, from a recorded log.
 *
 * It shows no text of the user's or the model's unless `content` is set, and no secret. It never breaks or slows a stream, and costs little while no page is
 * open. For development and for operators: nobody is asked who they are, so it listens on loopback unless `host` says otherwise, and refuses
 * requests of foreign pages and by foreign names.
 *
 * Rejects where it cannot listen, or the log cannot be read.
 *
 * @throws TypeError at once, for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const inspector = await startInspector({ client, breakers, cooldowns, budget });
 * console.log(inspector.url); // http://127.0.0.1:4984
 * ```
 */
export function startInspector(options: InspectorOptions): Promise<Inspector> {
  return start(parseInspectorOptions(options));
}

async function start({ log, port, host, allowedHosts, maxStreams, ...observed }: InspectorSettings): Promise<Inspector> {
  const { records$, gauge } = recordsOf(observed);
  const feed = new PageFeed(maxStreams, log !== undefined, gauge);
  if (log === undefined) feed.follow(records$);
  const leaving = new AbortController();
  try {
    if (log !== undefined) feed.load(typeof log === 'string' ? await readLifecycle(log) : log.flatMap((each) => asRecord(each) ?? []));
    const names = [host, ...allowedHosts];
    const server = createServer((request, response) => {
      const { port: own } = server.address() as AddressInfo;
      if (isAllowed(request, own, names)) void answer(request, response, feed, leaving.signal);
      else refuse(response);
    });
    await listen(server, host, port);
    const { port: own } = server.address() as AddressInfo;
    const name = host.includes(':') ? `[${host}]` : host;
    return {
      url: `http://${name}:${own}`,
      close: () => close(server, feed, leaving),
    };
  } catch (error) {
    feed.close();
    throw error;
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, feed: PageFeed, signal: AbortSignal): Promise<void> {
  const [pathname] = (request.url ?? '/').split('?', 1);
  for (const [name, value] of Object.entries(safeHeaders)) response.setHeader(name, value);
  try {
    if (pathname === '/') response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
    else if (pathname === '/inspector.js') response.setHeader('content-type', 'text/javascript; charset=utf-8').end(await pageScript());
    else if (pathname === '/events' && request.method === 'GET') {
      await writeEventStream(response, feed.page$, { maxBufferedBytes: maxWaitingBytes, retry: 1_000, signal });
    } else response.writeHead(404).end();
  } catch {
    response.destroy();
  }
}

function refuse(response: ServerResponse): void {
  response
    .writeHead(403, { ...safeHeaders, 'content-type': 'text/plain', connection: 'close' })
    .end('Refused: not a page or a name of this inspector.\n');
}

function listen(server: Server, host: string, port: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      if (port === undefined && error.code === 'EADDRINUSE') server.once('error', reject).listen(0, host);
      else reject(error);
    };
    server.once('error', fail);
    server.once('listening', () => {
      server.off('error', fail);
      resolve();
    });
    server.listen(port ?? defaultPort, host);
  });
}

function close(server: Server, feed: PageFeed, leaving: AbortController): Promise<void> {
  leaving.abort();
  feed.close();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
