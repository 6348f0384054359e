import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Outlet } from './outlet.ts';
import type { Outcome, Recording } from './recorded-request.ts';

/** A connection with what was asked and is being answered over it. */
export interface Connection {
  readonly socket: Socket;
  readonly recordings: Recording[];
  /** From 1, in the order of the first requests; 0 before. */
  number: number;
  /** The way out for the answer being played. */
  outlet: Outlet | undefined;
}

/** A request that has arrived whole. */
export interface Arrival {
  readonly connection: Connection;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly text: string;
  readonly receivedAt: number;
}

const maxRequestBytes = 64 * 1024 * 1024;

/** Listens on 127.0.0.1, and knows every connection until it is closed. */
export class Listener {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #port = 0;
  #connectionCount = 0;
  #closing: Promise<void> | undefined;

  constructor(onRequest: (arrival: Arrival) => Promise<void>) {
    const connectionOf = new WeakMap<Socket, Connection>();
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, async (message, response) => {
      const receivedAt = performance.now();
      const connection = connectionOf.get(message.socket);
      const text = await textOf(message);
      if (connection === undefined || text === undefined) return;
      connection.number ||= ++this.#connectionCount;
      await onRequest({ connection, message, response, text, receivedAt });
    });
    this.#server.on('connection', (socket) => {
      const connection: Connection = { socket, recordings: [], number: 0, outlet: undefined };
      connectionOf.set(socket, connection);
      this.#connections.add(connection);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#connections.delete(connection);
        for (const recording of connection.recordings) recording.connectionClosed();
        connection.outlet?.close();
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Puts a recording on its connection, which may be closed already. */
  record(recording: Recording, connection: Connection): void {
    connection.recordings.push(recording);
    if (this.closed) recording.end('closed');
    if (!this.#connections.has(connection)) recording.connectionClosed();
  }

  /** Listens: first on any free port, later on the same one again. */
  async accept(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Refuses new connections and closes the idle ones. */
  refuse(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  close(outcome: Outcome): Promise<void> {
    this.#closing ??= this.#close(outcome);
    return this.#closing;
  }

  async #close(outcome: Outcome): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const sockets = Array.from(this.#connections, ({ socket, recordings }) => {
      for (const recording of recordings) recording.end(outcome);
      return new Promise((resolve) => socket.once('close', resolve).destroy());
    });
    await Promise.all([closed, ...sockets]);
  }
}

/** `undefined`: the client left before its request was whole. */
async function textOf(message: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let room = maxRequestBytes;
  try {
    for await (const part of message as AsyncIterable<Buffer>) {
      if (room > 0) parts.push(part.subarray(0, room));
      room -= part.length;
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(parts).toString();
}
