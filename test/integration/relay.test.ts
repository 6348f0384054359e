import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { concat, from, of, tap, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  type Checkpoint,
  createClient,
  createRelayHandler,
  createSessions,
  type EventLike,
  ProviderError,
  type RelayHandlerOptions,
  relay,
  type StreamPosition,
  toEventStreamResponse,
} from '../../src/index.ts';
import { toNodeHandler, writeEventStream } from '../../src/node/index.ts';
import { type Log, LogSessions } from '../relay/log-sessions.ts';
import { type Passing, passOn, proxyTo } from '../relay/proxy.ts';
import { serveNode, until } from '../relay/support.ts';
import { afterwards, clientOf, collect, expectError, expectText, request, serve, typesOf, within } from './support.ts';

const retry = { initialDelay: 5, maxDelay: 20, jitter: 'none' } as const;

const noUsage = { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true };
const finish = {
  type: 'finish',
  requestId: 'req_server',
  finishReason: 'stop',
  rawFinishReason: 'stop',
  usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3, estimated: false },
} as EventLike;

async function relayed(options: Partial<RelayHandlerOptions> = {}, through: (url: string) => Promise<string> = async (url) => url) {
  const sessions = new LogSessions();
  const server = await serveNode(toNodeHandler(createRelayHandler({ sessions, ...options })));
  const provider = relay({ url: `${await through(server.url)}/chat` });
  return { sessions, server, provider, client: createClient({ provider, retry }) };
}

describe('an answer that is relayed', () => {
  it('comes whole, and its request goes as it is', async () => {
    const { sessions, server, client } = await relayed();
    sessions.onStart = (log) => {
      log.say('Hello ', 'there');
      log.finish();
    };
    const ending = await collect(client.stream(request));
    expectText(ending, 'Hello there');
    expect(typesOf(ending.events)).toEqual(['start', 'text-delta', 'text-delta', 'finish']);
    expect(sessions.logs[0]?.request).toEqual(request);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({ method: 'POST', url: '/chat' });
    expect(ending.events.map((event) => ('cursor' in event ? event.cursor : undefined)).filter(Boolean)).toEqual(['c000002', 'c000003']);
  });

  it('is asked for as often as the attempts allow while its server is away', async () => {
    const { server, client } = await relayed();
    await server.down();
    const ending = await collect(client.stream(request));
    expectError(ending, { category: 'network', gaveUp: 'attempts' });
    expect(ending.error?.attempts).toHaveLength(30);
  });

  it('tells of the retries at the server while they are waited for, before any content', async () => {
    const { sessions, client } = await relayed();
    const told: string[] = [];
    sessions.onStart = (log) => {
      const error = { message: 'Busy.', category: 'overloaded', requestId: 'req_server', retryable: true };
      log.write({ type: 'retry', requestId: 'req_server', attempt: 1, delayMs: 4_000, error } as EventLike);
    };
    const ending = collect(client.stream(request).pipe(tap(({ type }) => told.push(type))));
    await until(() => told.length > 0);
    expect(told).toEqual(['retry']);
    sessions.logs[0]?.say('Hello');
    sessions.logs[0]?.finish();
    expectText(await ending, 'Hello');
    expect(told).toEqual(['retry', 'start', 'text-delta', 'finish']);
  });

  it('goes on where it was after the server has restarted in mid-answer, five times', async () => {
    const { sessions, server, client } = await relayed();
    sessions.onStart = (log) => log.say('0 ');
    const ending = collect(client.stream(request));
    await until(() => sessions.logs[0]?.readers === 1);
    const log = sessions.logs[0];
    for (const word of ['1 ', '2 ', '3 ', '4 ', '5 ']) {
      await server.down();
      await until(() => log?.readers === 0);
      log?.say(word);
      await server.up();
      await until(() => log?.readers === 1);
    }
    log?.say('6');
    log?.finish();
    expectText(await ending, '0 1 2 3 4 5 6');
    expect(sessions.logs).toHaveLength(1);
    expect(sessions.attachments).toEqual([undefined, 'c000002', 'c000003', 'c000004', 'c000005', 'c000006']);
  });

  it('joins the session that it has started where the connection breaks before there is content', async () => {
    const { sessions, server, client } = await relayed();
    const ending = collect(client.stream(request));
    await until(() => sessions.logs[0]?.readers === 1);
    await server.down();
    await server.up();
    await until(() => server.requests.length === 2);
    sessions.logs[0]?.say('Hello');
    sessions.logs[0]?.finish();
    expectText(await ending, 'Hello');
    expect(sessions.logs).toHaveLength(1);
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  it('fails as the server says, without a word of what only the server may know, and is not asked for again', async () => {
    const { sessions, client } = await relayed();
    const secret = 'sk-live-abcdefghijklmnop';
    sessions.onStart = (log) => {
      log.say('Hel');
      log.end(
        new ProviderError({
          category: 'overloaded',
          detail: `key ${secret}`,
          provider: 'acme',
          requestId: 'req_server',
          phase: 'streaming',
        }),
      );
    };
    const error = expectError(await collect(client.stream(request)), { category: 'overloaded', providerRequestId: 'req_server' });
    expect(error.retryable).toBe(true);
    expect(error.partial?.text).toBe('Hel');
    expect(JSON.stringify(error)).not.toContain('acme');
    expect(sessions.attachments).toEqual([undefined]);
  });

  it('is whole though something fails behind its finish', async () => {
    const { sessions, client } = await relayed();
    sessions.onStart = (log) => {
      log.say('Hello');
      log.write({ ...finish });
      log.end(new Error('late'));
    };
    const ending = await collect(client.stream(request));
    expectText(ending, 'Hello');
    expect(typesOf(ending.events)).toEqual(['start', 'text-delta', 'finish']);
  });

  it("is read on by ids that are somebody else's, whatever stands in them", async () => {
    const all = ['c#1', 'c~2', 'c%3', '~4', 'c5.end', 'c6'].map((cursor, index) => ({
      type: 'text-delta',
      id: '0',
      text: `${index} `,
      cursor,
    }));
    const sessions = {
      start: async () => ({ id: 's#1' }),
      attach: (_id: string, { after }: { readonly after?: string | undefined }) => {
        const begin = all.findIndex(({ cursor }) => cursor === after) + 1;
        return concat(from(all.slice(begin, begin + 2)), begin + 2 < all.length ? throwError(() => away) : of(finish));
      },
      cancel: async () => {},
    };
    const away = new ProviderError({ category: 'network', phase: 'local' });
    const server = await serveNode(toNodeHandler(createRelayHandler({ sessions, isClosingFor: () => true })));
    const client = createClient({ provider: relay({ url: `${server.url}/chat` }), retry });
    expectText(await collect(client.stream(request)), '0 1 2 3 4 5 ');
  });

  it('has no place before its server has answered, and cancel then asks for nothing', async () => {
    let answer = (): void => {};
    const server = await serveNode((_request, response) => {
      answer = () => response.destroy();
    });
    const client = createClient({ provider: relay({ url: `${server.url}/chat` }), retry });
    let where: (() => StreamPosition) | undefined;
    const follow = (position: () => StreamPosition): void => {
      where = position;
    };
    const reading = client.stream(request, { follow }).subscribe();
    await until(() => server.requests.length === 1);
    expect(where?.().cursor).toBeUndefined();
    if (where) await client.cancel(where());
    reading.unsubscribe();
    answer();
    expect(server.requests).toHaveLength(1);
  });

  it('lives on when its reader leaves, and ends for all when somebody cancels it', async () => {
    const { sessions, client } = await relayed();
    sessions.onStart = (log) => log.say('Hello');
    let where = (): StreamPosition => ({ provider: 'relay', model: 'm', attempts: 0 });
    const reading = client
      .stream(request, {
        follow: (position) => {
          where = position;
        },
      })
      .subscribe();
    await until(() => sessions.logs[0]?.readers === 1 && where().cursor?.endsWith('c000002') === true);
    reading.unsubscribe();
    await until(() => sessions.logs[0]?.readers === 0);
    expect(sessions.logs[0]?.isCancelled).toBe(false);
    await client.cancel(where());
    expect(sessions.logs[0]?.isCancelled).toBe(true);
    const elsewhere = { ...where(), cursor: 'http://elsewhere.test/chat/1#c1' };
    await expect(client.cancel(elsewhere)).rejects.toMatchObject({ message: expect.stringContaining('not of this relay') });
    // What is gone needs no end.
    await client.cancel({ ...where(), cursor: where().cursor?.replace(/chat\/[^#]*/, 'chat/none') });
  });

  it('is read on by a page that was loaded anew, from the checkpoint', async () => {
    const { sessions, client, server } = await relayed();
    sessions.onStart = (log) => log.say('Hello ');
    const broken = collect(createClient({ provider: relay({ url: `${server.url}/chat` }), recovery: [] }).stream(request));
    await until(() => sessions.logs[0]?.readers === 1);
    await server.down();
    const from = JSON.parse(JSON.stringify((await broken).error?.checkpoint));
    await server.up();
    sessions.logs[0]?.say('there');
    sessions.logs[0]?.finish();
    const ending = await collect(client.stream(request, { from }));
    expect(typesOf(ending.events)).toEqual(['start', 'snapshot', 'text-delta', 'finish']);
    expect(ending.text).toBe('there');
  });

  it('is said once where it was read on from a checkpoint, and has failed at its server', async () => {
    const { sessions, client } = await relayed();
    sessions.onStart = (log) => log.say('One ');
    let where: (() => StreamPosition) | undefined;
    const follow = (position: () => StreamPosition) => {
      where = position;
    };
    let from: Checkpoint | undefined;
    const reading = client.stream(request, { follow }).subscribe((event) => {
      if (event.type !== 'text-delta') return;
      const result = { text: 'One ', reasoning: '', toolCalls: [], messages: [], usage: { ...noUsage }, finishReason: undefined };
      const position = where?.() as StreamPosition & { readonly fingerprint: string };
      from = { version: 1, requestId: 'req_page', result, ...position };
    });
    await until(() => from !== undefined);
    reading.unsubscribe();
    sessions.logs[0]?.say('two ');
    sessions.logs[0]?.end(new ProviderError({ category: 'network', phase: 'streaming' }));
    const ending = await collect(client.stream(request, { from }));
    expectError(ending, { category: 'network' });
    expect(ending.text).toBe('two ');
    expect(ending.error?.partial?.text).toBe('One two ');
    // There is nothing to be read behind its end.
    expect(ending.error?.checkpoint?.cursor).toBeUndefined();
    sessions.onStart = (log) => {
      log.say('three');
      log.finish();
    };
    const next = await collect(client.stream(request, { from: ending.error?.checkpoint, recovery: ['resume', 'continue'] }));
    expect(next.events.find(({ type }) => type === 'snapshot')).toMatchObject({ result: { text: 'One two ' } });
    expect(next.text).toBe('three');
  });

  it.each([401, 403, 404, 410, 400])('is refused for good with %i', async (status) => {
    const server = await serveNode((_request, response) => response.writeHead(status).end());
    const ending = await collect(createClient({ provider: relay({ url: `${server.url}/chat` }), retry }).stream(request));
    expectError(ending, { category: ['authentication', 'permission-denied', 'not-found', 'invalid-request'], status });
    expect(server.requests).toHaveLength(1);
  });

  it.each([429, 500, 503])('is asked for again after %i', async (status) => {
    const { server, sessions } = await relayed();
    let tried = false;
    const { url } = await serveNode((incoming, response) => {
      if (!tried) {
        tried = true;
        response.writeHead(status).end();
      } else passOn(server.url, incoming, response);
    });
    sessions.onStart = (log) => {
      log.say('Hi');
      log.finish();
    };
    expectText(await collect(createClient({ provider: relay({ url: `${url}/chat` }), retry }).stream(request)), 'Hi');
  });
});

describe('what has ended', () => {
  it('is not asked for again (reconnect-after-the-end)', async () => {
    const { sessions, server, client } = await relayed();
    sessions.onStart = (log) => {
      log.say('one', 'two', 'three');
      log.finish();
    };
    expectText(await collect(client.stream(request)), 'onetwothree');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.requests).toHaveLength(1);
  });

  it('without the end marker is asked for once more, and given up where nothing is left (reconnect-after-the-end, variant)', async () => {
    const server = await serveNode((incoming, response) => {
      if (incoming.method === 'GET') response.writeHead(204).end();
      else {
        response.writeHead(201, { 'content-type': 'text/event-stream', location: '/chat/1' });
        const say = (id: number) => `id: ${id}\ndata: {"type":"text-delta","id":"0","text":"${id}"}\n\n`;
        response.end([1, 2, 3].map(say).join(''));
      }
    });
    const ending = await collect(createClient({ provider: relay({ url: `${server.url}/chat` }), retry }).stream(request));
    expectError(ending, { category: 'interrupted', retryable: false });
    expect(ending.text).toBe('123');
    expect(server.requests.map(({ method, headers }) => [method, headers['last-event-id']])).toEqual([
      ['POST', undefined],
      ['GET', '3'],
    ]);
  });
});

describe('a read that was aborted though nobody asked for it', () => {
  it('is a lost connection, and the rest is asked for (abort-nobody-asked-for)', async () => {
    const bodies = [
      ['id: 1\ndata: {"type":"text-delta","id":"0","text":"Tea "}\n\n', 'id: 2\ndata: {"type":"text-delta","id":"0","text":"is "}\n\n'],
      ['id: 3\ndata: {"type":"text-delta","id":"0","text":"hot"}\n\ndata: {"type":"end"}\n\n'],
    ];
    const asked: (string | null)[] = [];
    const fetch = async (_input: unknown, init?: RequestInit) => {
      asked.push(new Headers(init?.headers).get('last-event-id'));
      const chunks = bodies[asked.length - 1] ?? [];
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            const chunk = chunks.shift();
            if (chunk) controller.enqueue(new TextEncoder().encode(chunk));
            else if (asked.length > 1) controller.close();
            else controller.error(new DOMException('The user agent aborted', 'AbortError'));
          },
        },
        { highWaterMark: 0 },
      );
      return new Response(body, { headers: { 'content-type': 'text/event-stream', location: '/chat/1' } });
    };
    const provider = relay({ url: 'http://relay.test/chat', fetch: fetch as typeof globalThis.fetch });
    expectText(await collect(createClient({ provider, retry }).stream(request)), 'Tea is hot');
    expect(asked).toEqual([null, '2']);
  });
});

describe('a server that is silent', () => {
  it('is given up after three heartbeats, and asked anew; one that only shows that it lives is not', async () => {
    const answers: ServerResponse[] = [];
    const server = await serveNode((incoming, response) => {
      answers.push(response);
      response.writeHead(200, { 'content-type': 'text/event-stream', location: '/chat/1' });
      if (incoming.method === 'POST') response.write('id: 1\ndata: {"type":"text-delta","id":"0","text":"Hel"}\n\n');
      else {
        const beat = setInterval(() => response.write(':\n\n'), 30);
        response.once('close', () => clearInterval(beat));
        response.write(':\n\n');
      }
    });
    const provider = relay({ url: `${server.url}/chat`, heartbeat: 50 });
    const ending = collect(createClient({ provider, retry }).stream(request));
    await until(() => answers.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 400));
    answers[1]?.end('id: 2\ndata: {"type":"text-delta","id":"0","text":"lo"}\n\ndata: {"type":"end"}\n\n');
    expectText(await ending, 'Hello');
    expect(answers).toHaveLength(2);
  });
});

describe('through a proxy', () => {
  const words = Array.from({ length: 400 }, (_, index) => `word ${index}, `);

  it('that buffers what does not forbid it, events come when they are there', async () => {
    const { sessions, client } = await relayed({}, (target) =>
      proxyTo(target, (passing) => (passing.headers['x-accel-buffering'] === 'no' ? passing : buffered(passing))),
    );
    sessions.onStart = (log) => log.say('Hello');
    const texts: string[] = [];
    const reading = client.stream(request).subscribe((event) => event.type === 'text-delta' && texts.push(event.text));
    await until(() => texts.length === 1);
    reading.unsubscribe();
  });

  it('that buffers all the same, the answer comes late and whole', async () => {
    const { sessions, client } = await relayed({}, (target) => proxyTo(target, buffered));
    sessions.onStart = (log) => {
      log.say(...words);
      log.finish();
    };
    expectText(await collect(client.stream(request)), words.join(''));
  });

  it('that compresses though it should not, the answer comes whole, also where a restart cuts it', async () => {
    const { sessions, server, client } = await relayed({}, (target) => proxyTo(target, compressed));
    sessions.onStart = (log) => log.say(...words.slice(0, 200));
    const ending = collect(client.stream(request));
    await until(() => sessions.logs[0]?.readers === 1);
    await server.down();
    await until(() => sessions.logs[0]?.readers === 0);
    await server.up();
    await until(() => sessions.logs[0]?.readers === 1);
    sessions.logs[0]?.say(...words.slice(200));
    sessions.logs[0]?.finish();
    expectText(await ending, words.join(''));
  });

  function buffered({ headers, body }: Passing): Passing {
    const whole = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.concat(await body.toArray());
    };
    return { headers, body: Readable.from(whole()) };
  }

  function compressed({ headers, body }: Passing): Passing {
    return { headers: { ...headers, 'content-encoding': 'gzip' }, body: body.pipe(createGzip()) };
  }
});

describe('a reader that does not read', () => {
  it('costs a bounded amount, and has everything in the end, on one connection', async () => {
    const { sessions, server } = await relayed({ maxBufferedBytes: 65_536 });
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const started = await fetch(`${server.url}/chat`, { method: 'POST', headers, body: JSON.stringify(request) });
    const { location } = (await started.json()) as { location: string };
    const log = sessions.logs[0] as Log;
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    afterwards(() => socket.destroy());
    // Paused from the beginning: what it has not asked for stays in the kernel's buffers, and then in the log.
    socket.pause();
    socket.write(`GET ${location} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    await until(() => log.readers === 1);
    for (let written = 0; log.readers === 1 && written < 3_000; written++) {
      log.say('x'.repeat(10_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(log.readers, 'it was left to its own pace').toBe(0);
    log.say(...Array.from({ length: 200 }, () => 'y'.repeat(10_000)));
    log.finish();

    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    socket.resume();
    await within(new Promise((resolve) => socket.once('end', resolve)));
    expect(text.match(/^id: \S+$/gm)).toEqual([...log.events.map(({ cursor }) => `id: ${cursor}`), `id: ${log.events.at(-1)?.cursor}.end`]);
  });
});

describe('a process that is about to end', () => {
  it('sends its readers away without an end, and they read on at its successor', async () => {
    const closing = new AbortController();
    const { sessions, server, client } = await relayed({ signal: closing.signal });
    sessions.onStart = (log) => log.say('Hello ');
    const ending = collect(client.stream(request));
    await until(() => sessions.logs[0]?.readers === 1);
    const successor = toNodeHandler(createRelayHandler({ sessions }));
    await server.replace(successor);
    closing.abort();
    await until(() => server.requests.some(({ method }) => method === 'GET'));
    sessions.logs[0]?.say('there');
    sessions.logs[0]?.finish();
    expectText(await ending, 'Hello there');
  });
});

describe('over sessions of a client, from one provider to a page', () => {
  it('the answer comes whole, late, twice, and after a restart of what serves it', async () => {
    const upstream = await serve({ text: ['One ', 'two ', 'three ', 'four'], tokenDelay: 30 });
    const sessions = createSessions({ client: clientOf('openai', upstream.url) });
    const server = await serveNode(toNodeHandler(createRelayHandler({ sessions })));
    const client = createClient({ provider: relay({ url: `${server.url}/chat` }), retry });
    const ending = collect(client.stream(request, { idempotencyKey: 'k1' }));
    await until(() => upstream.requests.length === 1);
    await server.down();
    await server.up();
    expectText(await ending, 'One two three four');
    expectText(await collect(client.stream(request, { idempotencyKey: 'k1' })), 'One two three four');
    expect(upstream.requests).toHaveLength(1);
  });

  it('a stream that is not kept pauses its provider for a slow reader, and stops it for one that leaves', async () => {
    const upstream = await serve({ text: 'x', repeat: 1_000_000, split: 65_536 });
    const events$ = clientOf('openai', upstream.url).stream(request);
    const server = await serveNode((_request, response) => void writeEventStream(response, toEventStreamResponse(events$)));
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => (upstream.requests[0]?.bytesSent ?? 0) > 0);
    let before = -1;
    for (let rounds = 0; before !== upstream.requests[0]?.bytesSent; rounds++) {
      expect(rounds).toBeLessThan(50);
      before = upstream.requests[0]?.bytesSent ?? 0;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(before).toBeLessThan(60_000_000);
    socket.destroy();
    expect(await within(upstream.requests[0]?.ended as Promise<unknown>)).toBe('aborted');
  });
});
