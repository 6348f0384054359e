import type { ServerResponse } from 'node:http';
import type { Observable } from 'rxjs';
import { type EventLike, type EventStreamOptions, toEventStreamResponse } from '../index.ts';

/** As compressing middleware has it: writes what it holds back. */
interface Flushing {
  flush?(): void;
}

/**
 * Writes a stream of events, or a response, to a response of Node's HTTP server.
 *
 * The head is sent at once, and each write is flushed through compressing middleware. A slow reader slows the stream down. Resolves when the
 * response has ended or its connection is closed; it never rejects: a body that fails destroys the connection.
 *
 * @throws TypeError at once, for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * createServer((_request, response) => {
 *   void writeEventStream(response, client.stream(request));
 * }).listen(8080);
 * ```
 */
export function writeEventStream(
  response: ServerResponse,
  source: Response | Observable<EventLike>,
  options: EventStreamOptions = {},
): Promise<void> {
  return write(response, 'subscribe' in source ? toEventStreamResponse(source, options) : source);
}

async function write(response: ServerResponse, { status, headers, body }: Response): Promise<void> {
  if (response.destroyed || response.headersSent) {
    await body?.cancel?.().catch(() => {});
    if (!response.destroyed) response.destroy();
    return;
  }
  response.statusCode = status;
  // Another implementation of fetch has headers of its own.
  const sent = new Headers(headers);
  const cookies = sent.getSetCookie();
  for (const [name, value] of sent)
    if (name !== 'set-cookie') response.setHeader(name, listed.has(name) ? joined(response, name, value) : value);
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  if (!body?.getReader) {
    response.end();
    return;
  }
  response.flushHeaders();
  await pipe(body.getReader(), response);
}

/** Headers that are lists, of which middleware before this has said a part, as that for CORS has. */
const listed = new Set(['access-control-expose-headers', 'vary']);

function joined(response: ServerResponse, name: string, value: string): string {
  return [response.getHeader(name) ?? [], value].flat().join(', ');
}

async function pipe(reader: ReadableStreamDefaultReader<Uint8Array>, response: ServerResponse): Promise<void> {
  const leave = (): void => {
    reader.cancel().catch(() => {});
  };
  response.once('close', leave);
  // A connection that fails is closed, too; without a listener its error would end the process.
  response.on('error', leave);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || response.destroyed) break;
      const hasRoom = response.write(value);
      (response as Flushing).flush?.();
      if (!hasRoom) await drained(response);
    }
    if (!response.destroyed) response.end();
  } catch {
    response.destroy();
  } finally {
    response.off('close', leave);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.once('drain', go);
    response.once('close', go);
    if (response.destroyed) go();
  });
}
