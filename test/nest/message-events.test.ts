import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { concat, lastValueFrom, Observable, of, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  createClient,
  type EventLike,
  fromEventStream,
  memoryStore,
  relay,
  type Sessions,
  textDeltas,
  toEventStreamResponse,
} from '../../src/index.ts';
import { MessageEvents } from '../../src/nest/message-events.ts';
import { apiKey, request, serve, within } from '../integration/support.ts';
import { messagesIn, until } from '../relay/support.ts';
import { ask, readUntil, serveNest } from './support.ts';

const words = ['One ', 'two ', 'three ', 'four.'];
/** A good answer that waits for a promise after two words. */
const waiting = (promise: Promise<unknown>) => ({ text: words, after: 2, fault: { wait: promise } }) as const;

describe('a session that is read by @Sse()', () => {
  it('says what a relay says, with the same ids, and none that Nest has counted', async () => {
    const provider = await serve({ text: words });
    const { url, sessions, start } = await serveNest(provider.url);
    const id = await start();
    const response = await fetch(`${url}/read/${id}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const read = messagesIn(await within(response.text()));
    const relayed = messagesIn(await within(toEventStreamResponse(sessions.attach(id)).text()));
    expect(read).toEqual(relayed);
    expect(read.at(-1)?.data).toEqual({ type: 'end' });
    expect(read.every(({ id }) => /^\d{16}(\.end)?$/.test(id ?? ''))).toBe(true);
  });

  it('is taken up behind the last event by who leaves and comes back, and is generated in between', async () => {
    let goOn = () => {};
    const provider = await serve(waiting(new Promise<void>((resolve) => (goOn = resolve))));
    const { url, start } = await serveNest(provider.url);
    const id = await start();
    const read = messagesIn(await within(readUntil(await fetch(`${url}/read/${id}`), 'two ')));
    expect((await provider.request(0)).aborted).toBe(false);
    goOn();
    const after = read.at(-1)?.id ?? '';
    const rest = messagesIn(await within((await fetch(`${url}/read/${id}`, { headers: { 'last-event-id': after } })).text()));
    const text = [...read, ...rest].map(({ data }) => (data.type === 'text-delta' ? data.text : '')).join('');
    expect(text).toBe(words.join(''));
    const asked = messagesIn(await within((await fetch(`${url}/read/${id}?after=${after}`)).text()));
    expect(asked).toEqual(rest);
    expect(provider.requests).toHaveLength(1);
    const ended = await fetch(`${url}/read/${id}`, { headers: { 'last-event-id': rest.at(-1)?.id ?? '' } });
    expect(ended.status).toBe(204);
  });

  it('is read by two at once, each with every word', async () => {
    let goOn = () => {};
    const provider = await serve(waiting(new Promise<void>((resolve) => (goOn = resolve))));
    const { url, start } = await serveNest(provider.url);
    const id = await start();
    const reading = [1, 2].map(async () => {
      const events$ = fromEventStream(await fetch(`${url}/read/${id}`));
      return lastValueFrom(events$.pipe(textDeltas(), toArray()));
    });
    goOn();
    for (const text of await within(Promise.all(reading))) expect(text.join('')).toBe(words.join(''));
    expect(provider.requests).toHaveLength(1);
  });

  it('is started and gone on with by a client over relay() whose connection breaks', async () => {
    let goOn = () => {};
    const provider = await serve(waiting(new Promise<void>((resolve) => (goOn = resolve))));
    const sockets: Socket[] = [];
    const asked: unknown[] = [];
    const { url, app } = await serveNest(provider.url);
    const server = app.getHttpServer();
    server.on('connection', (socket: Socket) => sockets.push(socket));
    server.on('request', ({ method, url, headers }: IncomingMessage) =>
      asked.push([method, url?.split('/')[1], headers['last-event-id'] !== undefined]),
    );
    const client = createClient({ provider: relay({ url: `${url}/start` }), retry: { initialDelay: 1, jitter: 'none' } });
    let text = '';
    const ended = new Promise<void>((resolve, reject) => {
      client
        .stream(request)
        .pipe(textDeltas())
        .subscribe({
          next: (piece) => {
            text += piece;
            if (piece !== 'two ') return;
            for (const socket of sockets) socket.destroy();
            goOn();
          },
          complete: resolve,
          error: reject,
        });
    });
    await within(ended);
    expect(text).toBe(words.join(''));
    expect(asked).toEqual([
      ['POST', 'start', false],
      ['GET', 'read', true],
    ]);
    expect(provider.requests).toHaveLength(1);
  });

  it('begins with a comment, and shows that it lives, without an id that would move a reader', async () => {
    const provider = await serve({ after: 'headers', fault: 'stall' });
    const { url, start } = await serveNest(provider.url, { read: { heartbeat: 20, statusDelay: 0 } });
    const read = await within(readUntil(await fetch(`${url}/read/${await start()}`), ': \n\nid: \n: \n\n'));
    expect(read).not.toMatch(/id: \d/);
  });

  it('leaves a reader where it was that has come back, before there is anything new', async () => {
    const provider = await serve({ text: words, after: 2, fault: 'stall' });
    const { url, start } = await serveNest(provider.url);
    const id = await start();
    const begun = await within(readUntil(await fetch(`${url}/read/${id}`), 'two '));
    const after = begun
      .match(/id: (\d+)/g)
      ?.at(-1)
      ?.slice(4) as string;
    const back = await within(readUntil(await fetch(`${url}/read/${id}`, { headers: { 'last-event-id': after } }), ': \n\n'));
    expect(back.trim()).toBe(`id: ${after}\n:`);
    const hostile = encodeURIComponent(`${after}\ndata: {"type":"end"}`);
    expect(await (await fetch(`${url}/read/${id}?after=${hostile}`)).text()).not.toContain('data:');
  });

  it('says where it is also to pages of another origin', async () => {
    const provider = await serve({ text: words });
    const { url } = await serveNest(provider.url, { prepare: (app) => app.enableCors({ origin: '*', exposedHeaders: ['x-mine'] }) });
    for (const path of ['start', 'chat']) {
      const { headers } = await fetch(`${url}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
      });
      expect(headers.get('access-control-expose-headers')).toBe('x-mine, location');
    }
  });

  it('is 404 for an id that is unknown, and for one of another tenant', async () => {
    const provider = await serve({ text: words });
    const { url, start, logged } = await serveNest(provider.url);
    const id = await start({ 'x-user': 'ada' });
    for (const [path, user] of [
      ['stream_unknown', 'ada'],
      [id, 'eve'],
    ] as const) {
      const response = await fetch(`${url}/read/${path}`, { headers: { 'x-user': user } });
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toContain('application/json');
      expect(await response.json()).toMatchObject({ error: { category: 'not-found', retryable: false } });
    }
    const own = await fetch(`${url}/read/${id}`, { headers: { 'x-user': 'ada' } });
    expect(own.status).toBe(200);
    expect(await own.text()).toContain('four.');
    expect(logged).toEqual([]);
  });

  it('tells inside it what became of it, with no word that is not for an end user', async () => {
    const provider = await serve([
      { status: 401, body: { error: { message: `Incorrect API key provided: ${apiKey}`, type: 'invalid_request_error' } } },
      { text: words, after: 2, fault: { error: { message: `it broke ${apiKey}`, type: 'server_error' } } },
    ]);
    const { url, start, logged } = await serveNest(provider.url);
    for (const category of ['authentication', 'server-error']) {
      const response = await fetch(`${url}/read/${await start()}`);
      expect(response.status).toBe(200);
      const text = await within(response.text());
      const [error, end] = messagesIn(text).slice(-2);
      expect(error?.data).toMatchObject({ type: 'error', error: { category } });
      expect(end).toMatchObject({ id: expect.stringMatching(/\.end$/), data: { type: 'end' } });
      expect(text).not.toContain(apiKey);
      expect(text).not.toContain('Internal server error');
      expect(text).not.toContain('event:');
    }
    expect(logged).toEqual([]);
  });

  it('loses nothing for a reader that is slow, of an answer that Nest would not hold', async () => {
    const pieces = Array.from({ length: 5_000 }, (_, index) => `${index} `.padEnd(2_000, '.'));
    const provider = await serve({ text: pieces });
    const store = memoryStore({ maxBytes: 100_000_000 });
    const { url, start, sessions, logged } = await serveNest(provider.url, { sessions: { store } });
    const id = await start();
    await within(lastValueFrom(sessions.attach(id)));
    const socket = await ask(url, `/read/${id}`);
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 400));
    let read = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      read += text;
    });
    socket.resume();
    await until(() => read.includes('{"type":"end"}'), 15_000);
    expect(logged).toEqual([]);
    const text = [...read.matchAll(/"text":"(\d+) \.+"/g)].map(([, index]) => Number(index));
    expect(text).toEqual(pieces.map((_, index) => index));
  });
});

describe('a route of @Sse() whose reader leaves while it is set up', () => {
  it('neither ends the generation nor leaves anything open', async () => {
    let goOn = () => {};
    let setUp = () => {};
    const isAsked = { now: false };
    const provider = await serve(waiting(new Promise<void>((resolve) => (goOn = resolve))));
    const { url, start, sessions, logged } = await serveNest(provider.url, {
      setUp: () => {
        isAsked.now = true;
        return new Promise<void>((resolve) => (setUp = resolve));
      },
    });
    const id = await start();
    const attached = countReaders(sessions);
    const socket = await ask(url, `/read/${id}`);
    await until(() => isAsked.now);
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    setUp();
    goOn();
    const text = await within(lastValueFrom(sessions.attach(id).pipe(textDeltas(), toArray())));
    expect(text.join('')).toBe(words.join(''));
    await until(() => attached.open === 0);
    expect(logged).toEqual([]);
  });

  it('lets go of a stream whose first event it waits for', async () => {
    const provider = await serve({ after: 'headers', fault: 'stall' });
    const { url, start, sessions } = await serveNest(provider.url, { read: { statusDelay: 600_000 } });
    const attached = countReaders(sessions);
    const socket = await ask(url, `/read/${await start()}`);
    await until(() => attached.open === 1);
    socket.destroy();
    await until(() => attached.open === 0);
    expect((await provider.request(0)).aborted).toBe(false);
  });
});

describe('the messages of a stream', () => {
  const say = (text: string, cursor?: string) => ({ type: 'text-delta', id: '0', text, cursor }) as EventLike;
  const idsOf = async (events$: Observable<EventLike>) => {
    const bytes = new Uint8Array(await toEventStreamResponse(events$).arrayBuffer());
    return new MessageEvents()
      .read(bytes)
      .map(({ id, data, comment }) => [id, data === undefined ? comment : JSON.parse(String(data)).type]);
  };

  it('say where a reader was, and nothing where an event cannot be read again', async () => {
    const failing$ = concat(
      of(say('a', 'c1'), say('b'), say('c', 'c2')),
      throwError(() => new Error('x')),
    );
    expect(await idsOf(failing$)).toEqual([
      ['', ''],
      ['c1', 'text-delta'],
      ['', 'text-delta'],
      ['c2', 'text-delta'],
      ['c2', 'error'],
      ['c2.end', 'end'],
    ]);
  });
});

/** Counts who reads sessions. */
function countReaders(sessions: Sessions): { open: number } {
  const counted = { open: 0 };
  const { attach } = sessions;
  sessions.attach = (id, options) => {
    const events$ = attach(id, options);
    return new Observable((subscriber) => {
      counted.open++;
      subscriber.add(() => counted.open--);
      subscriber.add(events$.subscribe(subscriber as never));
    }) as typeof events$;
  };
  return counted;
}
