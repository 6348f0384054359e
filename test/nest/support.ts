import 'reflect-metadata';
import { connect, type Socket } from 'node:net';
import {
  All,
  Body,
  Controller,
  type INestApplication,
  Inject,
  type LoggerService,
  Module,
  Param,
  Req,
  RequestMethod,
  Res,
  Sse,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Client, Sessions, StreamRequest } from '../../src/index.ts';
import {
  type MessageEventsOptions,
  type NodeRequest,
  type NodeResponse,
  Reader,
  type RelayEndpoint,
  SteadyStream,
  SteadyStreamModule,
  type SteadyStreamOptions,
  type StreamReader,
} from '../../src/nest/index.ts';
import { afterwards, clientOf, request } from '../integration/support.ts';

/** Decorates a method and its parameters, as a compiler does that emits no metadata of types. */
export function route(
  target: Type,
  name: string,
  decorators: readonly MethodDecorator[],
  ...parameters: readonly ParameterDecorator[]
): void {
  for (const [index, decorate] of parameters.entries()) decorate(target.prototype, name, index);
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, name) as PropertyDescriptor;
  for (const decorate of decorators) decorate(target.prototype, name, descriptor);
}

/** The user that a header claims to be. */
const userOf = (asking: NodeRequest): string | undefined => {
  const { headers } = asking as { readonly headers: Record<string, string | undefined> };
  return headers['x-user'];
};

/** What an application under test has of its own. */
export interface Settings extends Omit<SteadyStreamOptions, 'client'> {
  readonly client?: Client | undefined;
  readonly messages?: MessageEventsOptions | undefined;
  /** Of the route that reads. */
  readonly read?: MessageEventsOptions | undefined;
  /** What the route that reads waits for first. */
  readonly setUp?: (() => Promise<unknown>) | undefined;
  readonly requestFrom?: ((body: unknown) => StreamRequest) | undefined;
  /** Changes the application before it listens. */
  readonly prepare?: ((app: INestApplication, controller: Type) => void) | undefined;
}

export interface Running {
  readonly url: string;
  readonly app: INestApplication;
  readonly sessions: Sessions;
  readonly streams: SteadyStream;
  /** What Nest has logged, but for debugging. */
  readonly logged: string[];
  /** Starts a session by the relay, and says its id. */
  start(headers?: Record<string, string>): Promise<string>;
}

/** An application that listens: `chat` is a relay, `start` and `read/:id` are sessions by `@Sse()`, `once` is a client by `@Sse()`. */
export async function serveNest(providerUrl: string, settings: Settings = {}): Promise<Running> {
  const { client = clientOf('openai', providerUrl), messages, read, setUp, requestFrom, prepare, ...options } = settings;

  class ChatController {
    readonly streams: SteadyStream;
    readonly relay: RelayEndpoint;

    constructor(streams: SteadyStream) {
      this.streams = streams;
      const authorize = (asking: NodeRequest) => ({ tenant: userOf(asking) });
      this.relay = streams.createRelayEndpoint({ authorize, ...(requestFrom && { requestFrom }) });
    }

    chat(asking: NodeRequest, response: NodeResponse) {
      return this.relay(asking, response);
    }

    async read(id: string, reader: StreamReader, asking: NodeRequest) {
      await setUp?.();
      const tenant = userOf(asking);
      const { after } = reader;
      return this.streams.toMessageEvents(this.streams.sessions.attach(id, { after, tenant }), reader, read);
    }

    async start(asked: StreamRequest, reader: StreamReader) {
      const { id } = await this.streams.sessions.start(asked);
      return this.streams.toMessageEvents(this.streams.sessions.attach(id), reader, { location: `/read/${id}` });
    }

    once(reader: StreamReader) {
      return this.streams.toMessageEvents(this.streams.client.stream(request), reader, messages);
    }
  }
  Controller()(ChatController);
  Inject(SteadyStream)(ChatController, undefined, 0);
  route(ChatController, 'chat', [All(['chat', 'chat/:id'])], Req(), Res());
  route(ChatController, 'read', [Sse('read/:id')], Param('id'), Reader(), Req());
  route(ChatController, 'start', [Sse('start', { method: RequestMethod.POST })], Body(), Reader());
  route(ChatController, 'once', [Sse('once', { method: RequestMethod.POST })], Reader());

  class AppModule {}
  Module({ imports: [SteadyStreamModule.forRoot({ drainDeadline: 100, ...options, client })], controllers: [ChatController] })(AppModule);

  const logged: string[] = [];
  const log = (message: unknown) => void logged.push(message instanceof Error ? String(message.stack) : String(message));
  const logger: LoggerService = { log: () => {}, error: log, warn: log };
  const app = await NestFactory.create(AppModule, { logger });
  prepare?.(app, ChatController);
  await app.listen(0, '127.0.0.1');
  afterwards(() => closeNow(app));
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const streams = app.get<SteadyStream>(SteadyStream);
  const start = async (headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: JSON.stringify(request),
    });
    return ((await response.json()) as { id: string }).id;
  };
  return { url, app, streams, sessions: streams.sessions, logged, start };
}

/** A connection of bare bytes, on which somebody asks and reads when it likes. */
export async function ask(url: string, path: string, headers: Record<string, string> = {}): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  afterwards(() => socket.destroy());
  return socket;
}

/** What a response says, up to a text; then it is left. */
export async function readUntil(response: Response, text: string): Promise<string> {
  let read = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body as ReadableStream<Uint8Array>) {
    read += decoder.decode(bytes, { stream: true });
    if (read.includes(text)) break;
  }
  return read;
}

/** Closes an application for a test that is over: `fetch` keeps connections open on which nothing was asked yet, which no server takes for idle. */
export async function closeNow(app: INestApplication): Promise<void> {
  const cutting = setInterval(() => app.getHttpServer().closeAllConnections(), 20);
  await app.close();
  clearInterval(cutting);
}
