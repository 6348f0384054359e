import { concat, type EMPTY, firstValueFrom, lastValueFrom, NEVER, type Observable, of, takeWhile, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type Client,
  createClient,
  createSessions,
  memoryStore,
  type ProviderEvent,
  runTools,
  type Sessions,
  type SessionsConfig,
  type StreamEvent,
  type StreamStore,
  tool,
} from '../src/index.ts';
import { type FakeAttempt, fakeProvider, finish, text } from '../src/testing/index.ts';

const request = { model: 'm', messages: [{ role: 'user', content: 'Tell me' }] } as const;
const answer = [text('Hel'), text('lo'), finish()] as const;
const hanging = (...events: ProviderEvent[]): Observable<ProviderEvent> => concat(of(...events), NEVER);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function sessionsOver(attempts: readonly FakeAttempt[], config: Partial<SessionsConfig> = {}) {
  const provider = fakeProvider<never>(...attempts);
  const store = config.store ?? memoryStore();
  const client = createClient({ provider, retry: { maxAttempts: 1 } });
  return { provider, store, client, sessions: createSessions({ client, store, ...config }) };
}
const read = (sessions: Sessions, id: string): Promise<StreamEvent[]> => lastValueFrom(sessions.attach(id).pipe(toArray()));
const untilText = (sessions: Sessions, id: string) =>
  lastValueFrom(sessions.attach(id).pipe(takeWhile(({ type }) => type !== 'text-delta', true)));

/** A store some of whose calls are made otherwise. */
function altered(store: StreamStore, calls: Partial<StreamStore>): StreamStore {
  return new Proxy(store, {
    get(target, name: keyof StreamStore) {
      const member = calls[name] ?? target[name];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

describe('a process that drains', () => {
  it('does not take back what it gave back, though somebody reads and sweeps there', async () => {
    const { sessions, store, provider } = sessionsOver([hanging(text('a')), answer], { takeover: 'restart', lease: 200 });
    const { id } = await sessions.start(request);
    await untilText(sessions, id);
    const reading = sessions.attach(id).subscribe({ error: () => undefined });
    await sessions.drain({ deadline: 0 });
    await sessions.sweep();
    await pause(400);
    expect(await store.get(id)).toMatchObject({ state: 'expired', takeovers: 0 });
    expect(provider.requests).toHaveLength(1);
    reading.unsubscribe();
  });

  it('tells its readers where nobody takes over', async () => {
    const { sessions } = sessionsOver([hanging(text('a'))], { takeover: 'restart', lease: 100 });
    const { id } = await sessions.start(request);
    await untilText(sessions, id);
    const reading = read(sessions, id);
    await Promise.all([
      sessions.drain({ deadline: 0 }),
      expect(reading).rejects.toMatchObject({ category: 'interrupted', code: 'producer-lost' }),
    ]);
  });

  it('begins nothing that was about to begin', async () => {
    const real = memoryStore();
    const store = altered(real, { create: async (...given) => pause(30).then(() => real.create(...given)) });
    const { sessions, provider } = sessionsOver([answer], { store });
    const starting = sessions.start(request).catch((error: unknown) => error);
    await sessions.drain();
    expect(await starting).toMatchObject({ category: 'limit-exceeded', code: 'draining' });
    expect(provider.requests).toHaveLength(0);
    expect((await real.stats()).open).toBe(0);
  });

  it('waits without end where its deadline is none', async () => {
    const source = concat(of(text('a')), new Promise<ProviderEvent>((resolve) => setTimeout(() => resolve(finish()), 30)));
    const { sessions } = sessionsOver([source]);
    const { id } = await sessions.start(request);
    await sessions.drain({ deadline: Number.POSITIVE_INFINITY });
    expect((await read(sessions, id)).at(-1)?.type).toBe('finish');
  });
});

describe('a client that throws when it is asked', () => {
  it('holds no stream: it is sealed, and its place is free', async () => {
    const store = memoryStore();
    let calls = 0;
    const client = {
      ...createClient({ provider: fakeProvider<never>() }),
      stream: (): typeof EMPTY => {
        if (++calls > 1) throw new TypeError('not today');
        return NEVER as never;
      },
    } as Client;
    const sessions = createSessions({ client, store, maxSessions: 1 });
    const { id } = await sessions.start(request);
    await expect(read(sessions, id)).rejects.toMatchObject({ category: 'unknown' });
    expect((await store.stats()).open).toBe(0);
  });

  it('a takeover past the deadline ends as a timeout, and holds nothing', async () => {
    const real = memoryStore();
    const past = altered(real, { create: (init, options) => real.create({ ...init, deadline: Date.now() + 60 }, options) });
    const first = sessionsOver([hanging(text('a'))], { store: past, takeover: 'restart', lease: 5_000 });
    const { id } = await first.sessions.start(request);
    await untilText(first.sessions, id);
    await first.sessions.drain({ deadline: 0 });
    await pause(80);
    const second = sessionsOver([answer], { store: real, takeover: 'restart' });
    await second.sessions.sweep();
    await expect(read(second.sessions, id)).rejects.toMatchObject({ category: 'interrupted' });
    expect((await real.stats()).open).toBe(0);
  });
});

describe('a limit on sessions', () => {
  it('is kept, however many start at once', async () => {
    const { sessions, provider } = sessionsOver([hanging(text('a')), hanging(text('b')), answer], { maxSessions: 2 });
    const started = await Promise.allSettled(Array.from({ length: 10 }, () => sessions.start(request)));
    expect(started.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(provider.requests).toHaveLength(2);
    await sessions.drain({ deadline: 0 });
  });
});

describe('an answer that ended in vain', () => {
  it.each([
    ['cancelled', async (sessions: Sessions, id: string) => sessions.cancel(id)],
    ['left behind', async (sessions: Sessions) => sessions.drain({ deadline: 0 })],
  ])('is not reused when it was %s', async (_what, end) => {
    const store = memoryStore();
    const first = sessionsOver([hanging(text('a'))], { store });
    const { id } = await first.sessions.start(request, { reuse: true });
    await untilText(first.sessions, id);
    await end(first.sessions, id);
    const second = sessionsOver([answer], { store });
    const again = await second.sessions.start(request, { reuse: true });
    expect(again).toMatchObject({ isNew: true });
    expect(await second.sessions.start(request, { reuse: true })).toMatchObject({ id: again.id, isNew: false });
  });

  it('of a process that died before the first token is not pinned to its key', async () => {
    const store = memoryStore();
    const first = sessionsOver([NEVER], { store });
    const { id } = await first.sessions.start(request, { idempotencyKey: 'k' });
    await first.sessions.drain({ deadline: 0 });
    const second = sessionsOver([answer], { store });
    expect(await second.sessions.start(request, { idempotencyKey: 'k' })).toMatchObject({ isNew: true });
    await expect(read(second.sessions, id)).rejects.toMatchObject({ category: 'interrupted' });
  });
});

describe('attach()', () => {
  it('does nothing before it is subscribed to, and for who may not read nothing at all', async () => {
    const real = memoryStore();
    const looks: unknown[] = [];
    const store = altered(real, {
      get: (id, watch) => {
        if (watch) looks.push(watch);
        return real.get(id, watch);
      },
    });
    const { sessions } = sessionsOver([hanging(text('a'))], { store, lease: 100 });
    const { id } = await sessions.start(request, { tenant: 'one' });
    for (let index = 0; index < 100; index++) sessions.attach(id, { tenant: 'one' });
    await lastValueFrom(sessions.attach(id, { tenant: 'two' })).catch(() => undefined);
    expect(looks).toEqual([]);
    await firstValueFrom(sessions.attach(id, { tenant: 'one' }));
    expect(looks).toHaveLength(1);
    await sessions.cancel(id, { tenant: 'one' });
  });
});

describe('what a takeover needs', () => {
  const left = async (config: Partial<SessionsConfig>, store: StreamStore, client?: Client) => {
    const first = sessionsOver([hanging(text('Hello'))], { store, takeover: 'continue', ...config });
    const sessions = client ? createSessions({ client, store, takeover: 'continue', ...config }) : first.sessions;
    const { id } = await sessions.start(request);
    await untilText(sessions, id);
    await sessions.drain({ deadline: 0 });
    return id;
  };

  it('a codec that cannot read it any more is told as a lost producer', async () => {
    const store = memoryStore();
    const id = await left({}, store);
    const codec = { encode: () => '', decode: () => Promise.reject(new Error('no key')) };
    const second = sessionsOver([answer], { store, takeover: 'continue', codec });
    await second.sessions.sweep();
    await expect(read(second.sessions, id)).rejects.toMatchObject({ category: 'interrupted', code: 'producer-lost' });
  });

  it('bytes of images come back as they were', async () => {
    const store = memoryStore();
    const data = Uint8Array.from({ length: 20_000 }, (_, index) => index % 256);
    const asked = {
      model: 'm',
      messages: [{ role: 'user', content: [{ type: 'image', data, mediaType: 'image/png' }] }],
    } as const;
    const first = sessionsOver([hanging(text('A '), text('cat'))], { store, takeover: 'continue' });
    const { id } = await first.sessions.start(asked);
    await untilText(first.sessions, id);
    await first.sessions.drain({ deadline: 0 });
    const second = sessionsOver([[text(' indeed'), finish()]], { store, takeover: 'continue' });
    await second.sessions.sweep();
    await read(second.sessions, id);
    expect(second.provider.requests[0]?.messages[0]).toEqual(asked.messages[0]);
  });

  it('a run of tools is gone on with as any answer', async () => {
    const store = memoryStore();
    const tools = { look: tool({ input: z.object({}), execute: () => 'seen' }) };
    const running = (attempts: readonly FakeAttempt[]): Client => {
      const client = createClient({ provider: fakeProvider<never>(...attempts) });
      return { ...client, stream: (asked, options) => runTools(client, asked, { ...options, tools }) };
    };
    const id = await left({}, store, running([hanging(text('Hello'))]));
    const second = createSessions({ client: running([[text(' there'), finish()]]), store, takeover: 'continue' });
    await second.sweep();
    const events = await read(second, id);
    expect(events.map(({ type }) => type)).toEqual(['start', 'text-delta', 'seam', 'text-delta', 'finish']);
  });

  it('what fails on the way tells of no secret of a store', async () => {
    const store = altered(memoryStore(), { get: () => Promise.reject(new Error('password=hunter2')) });
    const { sessions } = sessionsOver([], { store });
    const error = await lastValueFrom(sessions.attach('a')).catch((raised: unknown) => raised);
    expect(error).toMatchObject({ category: 'network', code: 'store-unavailable' });
    expect(String(error)).not.toContain('hunter2');
  });
});
