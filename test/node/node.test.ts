import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import compression from 'compression';
import express from 'express';
import { NEVER, Observable, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { EventLike } from '../../src/index.ts';
import { toNodeHandler, writeEventStream } from '../../src/node/index.ts';
import { toEventStreamResponse } from '../../src/relay/event-stream-response.ts';
import { createRelayHandler } from '../../src/relay/relay-handler.ts';
import { afterwards, within } from '../integration/support.ts';
import { LogSessions } from '../relay/log-sessions.ts';
import { messagesIn, until } from '../relay/support.ts';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const delta = (text: string, cursor?: string) => ({ type: 'text-delta', id: '0', text, cursor }) as EventLike;
const asked = { model: 'm', messages: [{ role: 'user', content: 'x' }] };
const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked) };

describe('a stream that is written to a response of Node', () => {
  it('sends its head at once, before there is any event', async () => {
    const url = await serve((_request, response) => void writeEventStream(response, toEventStreamResponse(NEVER)));
    const response = await within(fetch(url));
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    await response.body?.cancel();
  });

  it('stops its source when the reader leaves', async () => {
    const source$ = new Subject<EventLike>();
    const written: Promise<void>[] = [];
    const url = await serve((_request, response) => void written.push(writeEventStream(response, toEventStreamResponse(source$))));
    const leaving = new AbortController();
    await fetch(url, { signal: leaving.signal });
    await until(() => source$.observed);
    leaving.abort();
    await until(() => !source$.observed);
    await within(Promise.all(written));
  });

  it('stops its source when the reader had left before', async () => {
    let subscriptions = 0;
    const source$ = new Observable<EventLike>(() => void subscriptions++);
    let written: Promise<void> | undefined;
    const url = await serve((_request, response) => {
      response.once('close', () => {
        written = writeEventStream(response, toEventStreamResponse(source$));
      });
      response.destroy();
    });
    await fetch(url).catch(() => {});
    await until(() => written !== undefined);
    await within(written as Promise<void>);
    expect(subscriptions).toBe(0);
  });

  it('destroys the connection where a body fails, which no reader takes for an end', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('data: 1\n\n'));
        controller.error(new Error('broken'));
      },
    });
    const url = await serve((_request, response) => void writeEventStream(response, new Response(body)));
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
  });

  it('waits for a slow reader, and holds a bounded amount meanwhile', async () => {
    let given = 0;
    const chunk = new Uint8Array(16_384);
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          given += chunk.length;
          controller.enqueue(chunk);
        },
      },
      { highWaterMark: 0 },
    );
    let response: ServerResponse | undefined;
    const url = await serve((_request, outgoing) => {
      response = outgoing;
      void writeEventStream(outgoing, new Response(body));
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    afterwards(() => socket.destroy());
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => response?.writableNeedDrain === true);
    const atRest = given;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(given).toBe(atRest);
    expect(response?.writableLength).toBeLessThan(64_000);
    socket.resume();
    await until(() => given > atRest + 1_000_000);
  });

  it('takes a plain response too, with its status and its cookies', async () => {
    const answer = new Response(null, {
      status: 204,
      headers: [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-mine', 'yes'],
      ],
    });
    const url = await serve((_request, response) => void writeEventStream(response, answer));
    const response = await fetch(url);
    expect([response.status, response.headers.get('x-mine'), response.headers.getSetCookie()]).toEqual([204, 'yes', ['a=1', 'b=2']]);
  });

  it('takes the response of another implementation, whose classes are not known here', async () => {
    const foreign = { status: 401, headers: { 'x-why': 'who?' }, body: null } as unknown as Response;
    const url = await serve((_request, response) => void writeEventStream(response, foreign));
    const response = await within(fetch(url));
    expect([response.status, response.headers.get('x-why'), await response.text()]).toEqual([401, 'who?', '']);
  });

  it('takes events as they are', async () => {
    const url = await serve((_request, response) => void writeEventStream(response, of(delta('Hi')), { status: 203 }));
    const response = await fetch(url);
    expect(response.status).toBe(203);
    expect(messagesIn(await response.text())).toHaveLength(2);
  });
});

describe('behind Express', () => {
  /** An application as people have them, with a relay in the middle. */
  async function application(configure: (app: express.Express) => void, headers?: Record<string, string>) {
    const sessions = new LogSessions();
    const app = express();
    configure(app);
    app.use('/api/chat', toNodeHandler(createRelayHandler({ sessions, ...(headers && { headers }) })) as express.RequestHandler);
    return { sessions, url: `${await serve(app)}/api/chat` };
  }

  it('knows its address as browsers do, and takes a body that was parsed before', async () => {
    const { sessions, url } = await application((app) => app.use(express.json()));
    sessions.onStart = (log) => log.finish();
    const response = await fetch(url, post);
    expect(response.headers.get('location')).toBe('/api/chat/s1');
    expect(sessions.logs[0]?.request).toEqual(asked);
    expect(messagesIn(await response.text())).toHaveLength(3);
    expect((await fetch(`${url}/s1`, { method: 'DELETE' })).status).toBe(204);
  });

  it('adds to what pages of other origins may see, and takes nothing of it away', async () => {
    const { sessions, url } = await application((app) =>
      app.use((_request, response, next) => {
        response.set({ 'access-control-allow-origin': '*', 'access-control-expose-headers': 'x-mine', vary: 'origin' });
        next();
      }),
    );
    sessions.onStart = (log) => log.finish();
    const { headers } = await fetch(url, post);
    expect(headers.get('access-control-expose-headers')).toBe('x-mine, location');
    expect(headers.get('vary')).toBe('origin');
  });

  it('is not compressed, so that each event comes when it is there', async () => {
    const { sessions, url } = await application((app) => app.use(compression({ threshold: 0 })));
    const response = await fetch(url, post);
    expect(response.headers.get('content-encoding')).toBeNull();
    await expectPrompt(response, sessions);
  });

  it('comes event by event where it is compressed all the same', async () => {
    const { sessions, url } = await application((app) => app.use(compression({ threshold: 0, filter: () => true })), {
      'cache-control': 'no-cache',
    });
    const response = await fetch(url, { ...post, headers: { ...post.headers, 'accept-encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    await expectPrompt(response, sessions);
  });

  async function expectPrompt(response: Response, sessions: LogSessions): Promise<void> {
    const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream() as never).getReader();
    let text = '';
    for (const word of ['one', 'two', 'three']) {
      sessions.logs[0]?.say(word);
      while (!text.includes(word)) text += (await within(reader.read(), `"${word}" did not come`)).value;
    }
    await reader.cancel();
  }
});

describe('a request of Node as a request', () => {
  /** What a handler is given of what is sent byte by byte. */
  async function seen(head: string, body = ''): Promise<{ request: Request | undefined; status: string }> {
    let request: Request | undefined;
    const url = await serve(
      toNodeHandler((each) => {
        request = each;
        return new Response(null, { status: 204 });
      }),
    );
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    afterwards(() => socket.destroy());
    socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
    let text = '';
    for await (const chunk of socket) text += chunk;
    return { request, status: text.slice(9, 12) };
  }

  it.each([
    ['GET /a/b?c=d HTTP/1.1\r\nhost: x.test', 'http://x.test/a/b?c=d'],
    ['GET //evil.test/a HTTP/1.1\r\nhost: x.test', 'http://x.test//evil.test/a'],
    ['GET http://evil.test/a HTTP/1.1\r\nhost: x.test', 'http://x.test/a'],
    ['GET /a HTTP/1.1\r\nhost: user:pw@x y', 'http://localhost/a'],
    ['GET /a HTTP/1.0', 'http://localhost/a'],
  ])('%j has the address %s', async (head, address) => {
    expect((await seen(head)).request?.url).toBe(address);
  });

  it('is aborted when its connection is closed', async () => {
    let aborted: Promise<unknown> | undefined;
    const url = await serve(
      toNodeHandler(({ signal }) => {
        aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
        return toEventStreamResponse(NEVER);
      }),
    );
    const leaving = new AbortController();
    await fetch(url, { signal: leaving.signal });
    leaving.abort();
    await within(aborted as Promise<unknown>);
  });

  it.each([
    ['not at all', () => new Response(null, { status: 401 })],
    [
      'in part, and let go of',
      async ({ body }: Request) => {
        const reader = (body as ReadableStream<Uint8Array>).getReader();
        await reader.read();
        await reader.cancel();
        return new Response(null, { status: 413 });
      },
    ],
    [
      'in part, and forgotten',
      async ({ body }: Request) => {
        await body?.getReader().read();
        return new Response(null, { status: 400 });
      },
    ],
  ] as const)('whose long body is read %s leaves its connection to the next one', async (_, refuse) => {
    const url = await serve(toNodeHandler((each) => (each.method === 'GET' ? new Response('the next') : refuse(each))));
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    afterwards(() => socket.destroy());
    const long = 'x'.repeat(4_000_000);
    socket.write(`POST / HTTP/1.1\r\nhost: x.test\r\ncontent-length: ${long.length}\r\n\r\n${long}`);
    socket.write('GET / HTTP/1.1\r\nhost: x.test\r\n\r\n');
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    await until(() => text.includes('the next'));
    expect(text).toMatch(/^HTTP\/1\.1 4/);
  });

  it('is read at the pace of who reads its body, and to its end', async () => {
    const incoming: IncomingMessage[] = [];
    let goOn = () => {};
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const handler = toNodeHandler(async (each) => {
      await waiting;
      return new Response(String((await each.text()).length));
    });
    const url = await serve((request, response) => {
      incoming.push(request);
      void handler(request, response);
    });
    const answer = fetch(url, { method: 'POST', body: 'é'.repeat(2_000_000) });
    await until(() => incoming.length > 0 && (incoming[0]?.readableLength ?? 0) > 0);
    expect(incoming[0]?.readableEnded).toBe(false);
    expect(incoming[0]?.readableLength).toBeLessThan(1_000_000);
    goOn();
    expect(await within((await within(answer)).text())).toBe('2000000');
  });

  it('that is broken off in the middle of its body says so to who reads it, and to nobody else', async () => {
    const read: Promise<unknown>[] = [];
    const url = await serve(
      toNodeHandler(async (each) => {
        if (each.method === 'POST') read.push(each.text().catch((error: unknown) => error));
        await read[0];
        return new Response(null);
      }),
    );
    for (const method of ['DELETE', 'POST']) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write(`${method} / HTTP/1.1\r\nhost: x.test\r\ncontent-length: 1000\r\n\r\nxx`, () => setTimeout(() => socket.destroy(), 20));
    }
    await until(() => read.length === 1);
    expect(await within(read[0] as Promise<unknown>)).toBeInstanceOf(Error);
  });

  it.each([undefined, null, 'ok', {}])('that is answered with %o, which is no response, is a 500', async (answer) => {
    const response = await within(fetch(await serve(toNodeHandler(() => answer as never))));
    expect([response.status, await response.text()]).toEqual([500, '']);
  });

  it('that cannot be read is refused, and a handler that throws says nothing of why', async () => {
    const url = await serve(
      toNodeHandler(() => {
        throw new Error('secret words');
      }),
    );
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([500, '']);
    const outgoing = httpRequest(url, { method: 'TRACE' }).end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(400);
    answer.resume();
  });
});
