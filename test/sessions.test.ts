import { concat, defer, finalize, firstValueFrom, lastValueFrom, NEVER, type Observable, of, takeWhile, tap, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  accumulate,
  createClient,
  createSessions,
  type EventLike,
  isProviderError,
  memoryStore,
  openai,
  type Provider,
  type ProviderError,
  type ProviderEvent,
  result,
  type Sessions,
  type SessionsConfig,
  type StreamEvent,
  type StreamStore,
  toAsyncIterable,
} from '../src/index.ts';
import { type FakeAttempt, failure, fakeProvider, finish, startFaultServer, text, toolCall } from '../src/testing/index.ts';

const request = { model: 'm', messages: [{ role: 'user', content: 'Tell me' }] } as const;
const other = { model: 'm', messages: [{ role: 'user', content: 'Something else' }] } as const;
const answer = [text('Hel'), text('lo'), finish()] as const;

function sessionsOver(attempts: readonly FakeAttempt[], config: Partial<SessionsConfig> = {}) {
  const provider = fakeProvider<never>(...attempts);
  const store = config.store ?? memoryStore();
  const client = createClient({ provider, retry: { maxAttempts: 1 } });
  return { provider, store, sessions: createSessions({ client, store, ...config }) };
}

const read = (sessions: Sessions, id: string, after?: string): Promise<StreamEvent[]> =>
  lastValueFrom(sessions.attach(id, { after }).pipe(toArray()));
const errorOf = (promise: Promise<unknown>): Promise<ProviderError> =>
  promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => (isProviderError(error) ? error : Promise.reject(error)),
  );
/** Says this, and then nothing more. */
const hanging = (...events: ProviderEvent[]): Observable<ProviderEvent> => concat(of(...events), NEVER);
const untilFirst = (sessions: Sessions, id: string, type: string): Promise<StreamEvent> =>
  lastValueFrom(sessions.attach(id).pipe(takeWhile((event) => event.type !== type, true)));

/** A store as a process has it that can die: from then on nothing that it asks for is answered, or done. */
function mortal(store: StreamStore): { readonly store: StreamStore; die(): void } {
  let isDead = false;
  return {
    die: () => {
      isDead = true;
    },
    store: new Proxy(store, {
      get(target, name: keyof StreamStore) {
        const member = target[name];
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) =>
          isDead
            ? name === 'read'
              ? NEVER
              : new Promise(() => undefined)
            : (member as (...all: unknown[]) => unknown).apply(target, given);
      },
    }),
  };
}
const typesOf = (events: readonly EventLike[]) => events.map(({ type }) => type);

describe('a session', () => {
  it('is read by anybody, early, late, twice and after the end: the same events, each with its cursor', async () => {
    const { sessions, store } = sessionsOver([answer]);
    const elsewhere = createSessions({ store });
    const { id, isNew } = await sessions.start(request);
    const [early, twice, afar] = await Promise.all([read(sessions, id), read(sessions, id), read(elsewhere, id)]);
    const late = await read(elsewhere, id);
    expect(isNew).toBe(true);
    expect(typesOf(early)).toEqual(['start', 'text-delta', 'text-delta', 'finish']);
    expect(new Set(early.map(({ cursor }) => cursor)).size).toBe(4);
    for (const again of [twice, afar, late]) expect(again).toEqual(early);
    expect((await lastValueFrom(of(...early).pipe(result()))).text).toBe('Hello');
  });

  it('is read on from a cursor', async () => {
    const { sessions } = sessionsOver([answer]);
    const { id } = await sessions.start(request);
    const all = await read(sessions, id);
    for (const [index, event] of all.slice(0, -1).entries()) expect(await read(sessions, id, event.cursor)).toEqual(all.slice(index + 1));
  });

  it('is generated whether anybody reads it or not, and leaving it cancels nothing', async () => {
    const { sessions, provider } = sessionsOver([answer]);
    const { id } = await sessions.start(request);
    await firstValueFrom(sessions.attach(id));
    expect(typesOf(await read(sessions, id)).at(-1)).toBe('finish');
    expect(provider.requests).toHaveLength(1);
  });

  it('raises what its answer failed with, to all, and says no more than a subscriber may read', async () => {
    const { sessions } = sessionsOver([[text('Hel'), failure('overloaded')]]);
    const { id, requestId } = await sessions.start(request);
    for (let reader = 0; reader < 2; reader++) {
      const error = await errorOf(read(sessions, id));
      expect(error).toMatchObject({ category: 'overloaded', requestId, retryable: true });
    }
    const seen: StreamEvent[] = [];
    await lastValueFrom(sessions.attach(id).pipe(tap((event) => seen.push(event)))).catch(() => undefined);
    expect(typesOf(seen)).toEqual(['start', 'text-delta']);
  });

  it('waits for a reader that is slow: it is given what it asks for, and nothing piles up', async () => {
    const pieces = Array.from({ length: 500 }, (_, index) => text(`${index} `));
    const { sessions } = sessionsOver([[...pieces, finish()]]);
    const { id } = await sessions.start(request);
    const seen: StreamEvent[] = [];
    for await (const event of toAsyncIterable(sessions.attach(id), { maxItems: 4 })) {
      seen.push(event);
      if (seen.length % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(seen).toHaveLength(502);
  });

  it('of another tenant is not found, as one that never was', async () => {
    const { sessions } = sessionsOver([answer]);
    const { id } = await sessions.start(request, { tenant: 'one' });
    const foreign = await errorOf(read(sessions, id));
    const absent = await errorOf(read(sessions, 'stream_none'));
    expect(foreign.message).toBe(absent.message);
    expect(foreign.category).toBe('not-found');
    expect((await errorOf(sessions.cancel(id, { tenant: 'two' }))).category).toBe('not-found');
    await lastValueFrom(sessions.attach(id, { tenant: 'one' }));
  });

  it('is cancelled for good, from any process, and its request ends', async () => {
    let isOpen = true;
    const attempt = hanging(text('Hel')).pipe(finalize(() => (isOpen = false)));
    const { sessions, store } = sessionsOver([attempt]);
    const elsewhere = createSessions({ store });
    const { id } = await sessions.start(request);
    await untilFirst(sessions, id, 'text-delta');
    await elsewhere.cancel(id);
    expect((await errorOf(read(elsewhere, id))).category).toBe('cancelled');
    expect(isOpen).toBe(false);
    await elsewhere.cancel(id);
    expect((await store.get(id))?.outcome?.status).toBe('cancelled');
  });

  it('shows what was said before as one snapshot, where that is asked for', async () => {
    const { sessions } = sessionsOver([hanging(text('Hel'), text('lo'))]);
    const { id } = await sessions.start(request);
    await firstValueFrom(
      sessions.attach(id).pipe(
        accumulate(),
        takeWhile(({ text: so }) => so !== 'Hello', true),
      ),
    );
    const seen: StreamEvent[] = [];
    const reading = sessions.attach(id, { snapshot: true }).subscribe((event) => seen.push(event));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seen).toMatchObject([{ type: 'snapshot', result: { text: 'Hello' } }]);
    expect(seen[0]?.cursor).toBeDefined();
    reading.unsubscribe();
    await sessions.cancel(id);
  });

  it('needs a client to be started, and none to be read', async () => {
    const { sessions, store } = sessionsOver([answer]);
    const reader = createSessions({ store });
    expect(await errorOf(reader.start(request))).toMatchObject({ category: 'limit-exceeded', code: 'not-here' });
    const { id } = await sessions.start(request);
    expect(await read(reader, id)).toHaveLength(4);
  });

  it.each([
    ['createSessions: takeover must be fail, resume, continue or restart', () => createSessions({ takeover: 'retry' as never })],
    ['createSessions: lease must be a whole number from 100 to 86400000', () => createSessions({ lease: 1 })],
    ['createSessions: store must be made with memoryStore()', () => createSessions({ store: {} as StreamStore })],
    ['attach: after must be a cursor', () => createSessions({}).attach('a', { after: 7 as never })],
  ])('says %s', (message, make) => {
    expect(make).toThrow(message);
  });
});

describe('options that a session is not started with', () => {
  it.each([
    ['the client’s, that are out of range', { timeout: { idle: -1 } }, /idle must be/],
    ['a request id that no header takes', { requestId: 'a b' }, /requestId must be 1 to 128 visible ASCII characters/],
    ['a key that no header takes', { idempotencyKey: 'ü' }, /idempotencyKey must be/],
    ['a signal: an answer that is kept is cancelled', { signal: new AbortController().signal }, /signal is not an option/],
    ['reuse beside a key', { reuse: true, idempotencyKey: 'k' }, /reuse excludes idempotencyKey/],
  ])('%s: nothing is recorded', async (_what, options, message) => {
    const { sessions, store } = sessionsOver([answer]);
    await expect(sessions.start(request, options as never)).rejects.toThrow(message);
    expect((await store.stats()).streams).toBe(0);
  });

  it('a request that cannot be: nothing is recorded', async () => {
    const { sessions, store } = sessionsOver([answer]);
    expect(await errorOf(sessions.start({ model: 'm', messages: [] }))).toMatchObject({ category: 'invalid-request' });
    expect((await store.stats()).streams).toBe(0);
  });
});

describe('an idempotency key', () => {
  it('joins the stream that it started, while it runs and after (idm-03) (idm-05)', async () => {
    const { sessions, provider } = sessionsOver([answer]);
    const [one, two] = await Promise.all([
      sessions.start(request, { idempotencyKey: 'k' }),
      sessions.start(request, { idempotencyKey: 'k' }),
    ]);
    expect(two).toMatchObject({ id: one.id, requestId: one.requestId });
    expect([one.isNew, two.isNew].sort()).toEqual([false, true]);
    const events = await read(sessions, one.id);
    const three = await sessions.start(request, { idempotencyKey: 'k' });
    expect(three).toMatchObject({ id: one.id, isNew: false });
    expect(await read(sessions, three.id)).toEqual(events);
    expect(provider.requests).toHaveLength(1);
  });

  it('with another request is a conflict that no repetition mends (idm-04)', async () => {
    const { sessions } = sessionsOver([answer]);
    await sessions.start(request, { idempotencyKey: 'k' });
    const error = await errorOf(sessions.start(other, { idempotencyKey: 'k' }));
    expect(error).toMatchObject({ category: 'conflict', retryable: false });
    expect(error.message).toContain('different request');
  });

  it('is each tenant’s own', async () => {
    const { sessions } = sessionsOver([answer, answer]);
    const one = await sessions.start(request, { idempotencyKey: 'k', tenant: 'one' });
    const two = await sessions.start(request, { idempotencyKey: 'k', tenant: 'two' });
    expect(two.id).not.toBe(one.id);
  });

  it('is not the key at the provider, where two tenants would share an answer by it', async () => {
    const server = await startFaultServer([{ text: 'one' }, { text: 'two' }]);
    const sessions = createSessions({ client: createClient({ provider: openai({ apiKey: 'test', baseURL: server.url }) }) });
    for (const tenant of ['one', 'two']) {
      const { id } = await sessions.start(request, { idempotencyKey: 'k', tenant });
      await lastValueFrom(sessions.attach(id, { tenant }));
    }
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    await server.close();
    expect(new Set(keys).size).toBe(2);
    expect(keys).not.toContain('k');
    expect(keys).not.toContain(undefined);
  });

  it('of an answer that failed before its first token starts anew (idm-07)', async () => {
    const { sessions } = sessionsOver([failure('overloaded'), answer]);
    const one = await sessions.start(request, { idempotencyKey: 'k' });
    await errorOf(read(sessions, one.id));
    const two = await sessions.start(request, { idempotencyKey: 'k' });
    expect(two.isNew).toBe(true);
    expect(typesOf(await read(sessions, two.id)).at(-1)).toBe('finish');
  });

  it('of an answer that is empty finds it again (idm-06)', async () => {
    const { sessions, provider } = sessionsOver([[finish()], answer]);
    const one = await sessions.start(request, { idempotencyKey: 'k' });
    expect(typesOf(await read(sessions, one.id))).toEqual(['start', 'finish']);
    expect(await sessions.start(request, { idempotencyKey: 'k' })).toMatchObject({ id: one.id, isNew: false });
    expect(provider.requests).toHaveLength(1);
  });
});

describe('an answer that may be reused', () => {
  it('is given to who asks the same, as a stream', async () => {
    const { sessions, provider } = sessionsOver([answer, answer]);
    const one = await sessions.start(request, { reuse: true });
    const events = await read(sessions, one.id);
    const two = await sessions.start({ ...request }, { reuse: true });
    expect(await read(sessions, two.id)).toEqual(events);
    expect(provider.requests).toHaveLength(1);
    const three = await sessions.start(other, { reuse: true });
    expect(three.id).not.toBe(one.id);
  });

  it.each([
    ['stopped at its length', [text('Hel'), finish('length')], 'done'],
    ['broke', [text('Hel'), failure('interrupted')], 'error'],
  ] as const)('is not one that %s', async (_what, first, status) => {
    const { sessions, store } = sessionsOver([first, answer]);
    const one = await sessions.start(request, { reuse: true });
    await read(sessions, one.id).catch(() => undefined);
    await expect.poll(async () => (await store.get(one.id))?.outcome?.status).toBe(status);
    expect((await sessions.start(request, { reuse: true })).isNew).toBe(true);
  });
});

/** A provider that keeps its answers: the cursor is how many events were told. */
function keeping(answer: readonly ProviderEvent[], asked: (string | undefined)[], firstStopsAfter: number): Provider {
  let requests = 0;
  const told = (from: number): Observable<ProviderEvent> =>
    requests++ === 0 ? hanging(...answer.slice(0, firstStopsAfter)) : of(...answer.slice(from));
  let at = 0;
  const provider = fakeProvider<never>(
    defer(() => told(0)),
    defer(() => told(at)),
  );
  return {
    ...provider,
    capabilities: { resume: true },
    resume: ({ cursor }, context) => {
      asked.push(cursor);
      at = Number(cursor);
      return provider.request(request, context);
    },
    decoder(head, from) {
      const inner = provider.decoder(head);
      let count = Number(from ?? 0);
      return {
        get cursor() {
          return String(count);
        },
        decode(message) {
          count++;
          return inner.decode(message);
        },
      };
    },
  };
}

describe('a generation that its provider keeps', () => {
  it('is resumed by another process, which never knew the request: nothing shows, and nothing is missing', async () => {
    const asked: (string | undefined)[] = [];
    const client = createClient({ provider: keeping([text('Hel'), text('lo'), text(' there'), finish()], asked, 2) });
    const store = memoryStore();
    const dying = mortal(store);
    const first = createSessions({ client, store: dying.store, takeover: 'resume', lease: 150 });
    const second = createSessions({ client, store, takeover: 'resume', lease: 150 });
    const { id } = await first.start(request);
    const seen: StreamEvent[] = [];
    const reading = lastValueFrom(second.attach(id).pipe(tap((event) => seen.push(event))));
    await expect.poll(() => seen.length).toBe(3);
    expect((await store.get(id))?.request).toBeUndefined();
    dying.die();
    await reading;
    expect(asked).toEqual(['2']);
    expect(typesOf(seen)).toEqual(['start', 'text-delta', 'text-delta', 'text-delta', 'finish']);
    expect((await lastValueFrom(of(...seen).pipe(result()))).text).toBe('Hello there');
    expect(await read(second, id)).toEqual(seen);
  });
});

describe('a process that ends', () => {
  const started: Sessions[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((sessions) => sessions.drain({ deadline: 0 })));
  });

  it('starts nothing more, and lets what runs come to its end', async () => {
    const { sessions } = sessionsOver([answer]);
    const { id } = await sessions.start(request);
    await sessions.drain();
    expect(await read(sessions, id)).toHaveLength(4);
    expect(await errorOf(sessions.start(request))).toMatchObject({ category: 'limit-exceeded', code: 'draining' });
  });

  it('seals what nobody may take over, and its readers are told', async () => {
    const { sessions, store } = sessionsOver([hanging(text('Hel'))]);
    const { id } = await sessions.start(request);
    const reading = errorOf(read(createSessions({ store }), id));
    await sessions.drain({ deadline: 0 });
    expect(await reading).toMatchObject({ category: 'interrupted', code: 'producer-lost' });
  });

  it.each([
    ['continue', ['start', 'text-delta', 'seam', 'text-delta', 'finish'], 'Hello there'],
    ['restart', ['start', 'text-delta', 'restart', 'text-delta', 'finish'], ' there'],
  ] as const)('gives back what another may %s, which does, for all readers', async (takeover, types, expected) => {
    const store = memoryStore();
    const first = sessionsOver([hanging(text('Hello'))], { store, takeover, lease: 5_000 });
    const second = sessionsOver([[text(' there'), finish()]], { store, takeover, lease: 5_000 });
    const { id } = await first.sessions.start(request);
    await untilFirst(first.sessions, id, 'text-delta');
    const reading = read(second.sessions, id);
    await first.sessions.drain({ deadline: 0 });
    const sweeping = second.sessions.sweep();
    const events = await reading;
    await sweeping;
    expect(typesOf(events)).toEqual(types);
    expect((await lastValueFrom(of(...events).pipe(result()))).text).toBe(expected);
    expect(await read(createSessions({ store }), id)).toEqual(events);
    started.push(first.sessions, second.sessions);
  });

  it('leaves no tool call to be made twice', async () => {
    const store = memoryStore();
    const first = sessionsOver([hanging(toolCall('pay', { amount: 5 }, 'c1'))], { store, takeover: 'restart' });
    const second = sessionsOver([answer], { store, takeover: 'restart' });
    const { id } = await first.sessions.start(request);
    await untilFirst(first.sessions, id, 'tool-call');
    await first.sessions.drain({ deadline: 0 });
    await second.sessions.sweep();
    const error = await errorOf(read(second.sessions, id));
    expect(error).toMatchObject({ category: 'interrupted' });
    expect(second.provider.requests).toHaveLength(0);
    expect([await store.claim(id, 'c1'), await store.claim(id, 'c1')]).toEqual([true, false]);
  });

  it.each([
    ['fail', ['start', 'text-delta'], undefined],
    ['continue', ['start', 'text-delta', 'seam', 'text-delta', 'finish'], 'Hello there'],
    ['restart', ['start', 'text-delta', 'restart', 'text-delta', 'finish'], ' there'],
  ] as const)('is found dead by who reads, once its lease is over, and the policy is %s', async (takeover, types, expected) => {
    const store = memoryStore();
    const dying = mortal(store);
    const first = sessionsOver([hanging(text('Hello'))], { store: dying.store, takeover, lease: 150 });
    const second = sessionsOver([[text(' there'), finish()]], { store, takeover, lease: 150 });
    const { id } = await first.sessions.start(request);
    const seen: StreamEvent[] = [];
    const reading = lastValueFrom(second.sessions.attach(id).pipe(tap((event) => seen.push(event)))).catch((error: unknown) => error);
    await untilFirst(second.sessions, id, 'text-delta');
    dying.die();
    const end = await reading;
    expect(typesOf(seen)).toEqual(types);
    if (expected === undefined) expect(end).toMatchObject({ category: 'interrupted', code: 'producer-lost' });
    else expect((await lastValueFrom(of(...seen).pipe(result()))).text).toBe(expected);
  });
});
