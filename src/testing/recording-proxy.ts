import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import * as z from 'zod';
import { check } from './check.ts';
import { type RecordOptions, recordSchema, recordTranscript } from './record-transcript.ts';

/** What is recorded, where it goes, and who is asked. */
export interface RecordingProxyOptions extends RecordOptions {
  /** The base URL of the provider, without a query: `https://api.openai.com/v1`. */
  readonly target: string;
}

/** A running recording proxy. */
export interface RecordingProxy {
  /** The base URL to be used in place of the target's. */
  readonly url: string;
  readonly port: number;
  /** Closes the proxy, all its connections and its requests. Never rejects. */
  close(): Promise<void>;
}

function isBaseURL(value: unknown): boolean {
  if (typeof value !== 'string' || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return false;
  const { search, hash, username, password } = new URL(value);
  return search + hash + username + password === '';
}

const schema = z.strictObject(
  {
    ...recordSchema,
    target: z.custom<string>(isBaseURL, { error: 'must be an absolute URL without query and credentials' }),
  },
  { error: 'must be an object' },
);

/** They belong to one connection, not to the message; and `fetch` decodes a body, which changes its length. */
const ofTheConnection =
  /^(?:host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding|content-encoding)$/;

/**
 * Starts a server on 127.0.0.1 that stands in front of a provider, passes every request and answer through as they come, and writes down the answers,
 * as {@link recordTranscript} does. For a program that cannot be given another `fetch`.
 *
 * A provider that cannot be reached is a 502 of the proxy's own; an answer that breaks off breaks off here too. A client that leaves ends the
 * request to the provider.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const proxy = await startRecordingProxy({ target: 'https://api.openai.com/v1', write: (transcript) => transcripts.push(transcript) });
 * const client = createClient({ provider: openai({ apiKey, baseURL: proxy.url }) });
 * await lastValueFrom(client.stream(request));
 * await proxy.close();
 * ```
 */
export async function startRecordingProxy(options: RecordingProxyOptions): Promise<RecordingProxy> {
  const { target, ...recordOptions } = check('startRecordingProxy', schema, options) as RecordingProxyOptions;
  const base = target.replace(/\/+$/, '');
  const fetch = recordTranscript(recordOptions);
  const sockets = new Set<Socket>();
  const server = createServer({ requestTimeout: 0, headersTimeout: 0 }, (message, response) => {
    pass(fetch, base, message, response).catch(() => message.socket.resetAndDestroy());
  });
  server.on('connection', (socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

/** One request and its answer. Rejects when the answer breaks off. */
async function pass(fetch: typeof globalThis.fetch, base: string, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const left = new AbortController();
  response.on('close', () => left.abort());
  const path = message.url ?? '';
  if (!path.startsWith('/')) return refuse(response, 400, 'The recording proxy takes paths alone.');
  const body = await bodyOf(message);
  let answer: Response;
  try {
    answer = await fetch(`${base}${path}`, {
      method: message.method ?? 'GET',
      headers: headersOf(message),
      ...(body.length > 0 && { body }),
      redirect: 'manual',
      signal: left.signal,
    });
  } catch {
    return refuse(response, 502, 'The recording proxy cannot reach its target.');
  }
  answer.headers.forEach((value, name) => {
    if (!ofTheConnection.test(name) && name !== 'set-cookie') response.setHeader(name, value);
  });
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.writeHead(answer.status);
  response.flushHeaders();
  for await (const bytes of answer.body ?? []) {
    if (!response.write(bytes)) await once(response, 'drain', { signal: left.signal });
  }
  response.end();
}

async function bodyOf(message: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of message as AsyncIterable<Uint8Array>) parts.push(part);
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

function headersOf(message: IncomingMessage): [string, string][] {
  return Object.entries(message.headersDistinct).flatMap(([name, values = []]) =>
    ofTheConnection.test(name) ? [] : values.map((value): [string, string] => [name, value]),
  );
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message, type: 'recording_proxy', param: null, code: null } }));
}
