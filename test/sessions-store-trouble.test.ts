import { concatMap, finalize, from, interval, lastValueFrom, map, NEVER, type Observable, of, Subject, take, tap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  createClient,
  createSessions,
  type Durability,
  type EventLike,
  memoryStore,
  ProviderError,
  type ProviderEvent,
  result,
  type SessionsConfig,
  type StreamEvent,
  type StreamStore,
} from '../src/index.ts';
import { failure, fakeProvider, finish, text } from '../src/testing/index.ts';

const request = { model: 'm', messages: [{ role: 'user', content: 'Tell me' }] } as const;
type Call = 'append' | 'renew' | 'seal' | 'create' | 'get';

/** A store whose calls fail for as long as they are told to. */
function troubled(store: StreamStore = memoryStore()) {
  const failing = new Map<Call, ProviderError>();
  const faulty = new Proxy(store, {
    get(target, name: keyof StreamStore) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => {
        const error = failing.get(name as Call);
        return error ? Promise.reject(error) : (member as (...all: unknown[]) => unknown).apply(target, given);
      };
    },
  });
  return {
    store: faulty,
    real: store,
    fail: (error: ProviderError, ...calls: Call[]) => {
      for (const call of calls) failing.set(call, error);
    },
    mend: () => failing.clear(),
  };
}

function session(attempt: Observable<ProviderEvent | ProviderError>, config: Partial<SessionsConfig>) {
  let isOpen = true;
  const noted = attempt.pipe(finalize(() => (isOpen = false)));
  const client = createClient({ provider: fakeProvider<never>(noted) });
  return { sessions: createSessions({ client, ...config }), isOpen: () => isOpen };
}
function reader(events$: Observable<StreamEvent>) {
  const seen: StreamEvent[] = [];
  const end = lastValueFrom(events$.pipe(tap((event) => seen.push(event)))).then(
    () => undefined,
    (error: ProviderError) => error,
  );
  return { seen, end, texts: () => seen.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])) };
}
const textOf = async (events: readonly EventLike[]) => (await lastValueFrom(from(events).pipe(result()))).text;
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('while the store is away', () => {
  it('best-effort: who reads where it is produced goes on, without cursors, and the log is whole in the end', async () => {
    const trouble = troubled();
    const source = new Subject<ProviderEvent>();
    const { sessions } = session(source, { store: trouble.store, durability: 'best-effort' });
    const { id } = await sessions.start(request);
    const local = reader(sessions.attach(id));
    const afar = reader(createSessions({ store: trouble.real }).attach(id));
    source.next(text('a'));
    await soon();
    trouble.fail(failure('network'), 'append', 'renew');
    source.next(text('b'));
    source.next(text('c'));
    await soon();
    expect(local.texts()).toEqual(['a', 'b', 'c']);
    expect(local.seen.at(-1)?.cursor).toBeUndefined();
    expect(afar.texts()).toEqual(['a']);
    trouble.mend();
    source.next(text('d'));
    source.next(finish());
    source.complete();
    expect(await local.end).toBeUndefined();
    expect(await afar.end).toBeUndefined();
    expect(local.texts()).toEqual(['a', 'b', 'c', 'd']);
    expect(afar.texts()).toEqual(['a', 'b', 'c', 'd']);
    expect(afar.seen.every(({ cursor }) => cursor !== undefined)).toBe(true);
  });

  it('best-effort: one who comes meanwhile, and was elsewhere before, misses nothing', async () => {
    const trouble = troubled();
    const source = new Subject<ProviderEvent>();
    const { sessions } = session(source, { store: trouble.store, durability: 'best-effort', storePatience: 100 });
    const { id } = await sessions.start(request);
    source.next(text('a'));
    await soon();
    trouble.fail(failure('timeout'), 'append');
    source.next(text('b'));
    await soon();
    const late = reader(sessions.attach(id));
    await soon();
    source.next(text('c'));
    await soon();
    expect(late.texts()).toEqual(['a', 'b', 'c']);
    await sessions.drain({ deadline: 0 }).catch(() => undefined);
  });

  it('best-effort: beyond what memory may hold, the log is left behind, and local readers still get it all', async () => {
    const trouble = troubled();
    const source = new Subject<ProviderEvent>();
    const { sessions } = session(source, { store: trouble.store, durability: 'best-effort', maxUnloggedBytes: 4_096 });
    const { id } = await sessions.start(request);
    const local = reader(sessions.attach(id));
    source.next(text('a'));
    await soon();
    trouble.fail(failure('network'), 'append');
    for (let index = 0; index < 500; index++) {
      source.next(text('0123456789'));
      if (index === 5) await soon();
    }
    source.next(finish());
    source.complete();
    expect(await local.end).toBeUndefined();
    expect(local.texts().join('')).toBe(`a${'0123456789'.repeat(500)}`);
  });

  it('required: nothing is told that is not logged, and past the patience the stream fails and its request ends', async () => {
    const trouble = troubled();
    const source = new Subject<ProviderEvent>();
    const { sessions, isOpen } = session(source, { store: trouble.store, storePatience: 300 });
    const { id } = await sessions.start(request);
    const local = reader(sessions.attach(id));
    source.next(text('a'));
    await soon();
    trouble.fail(failure('network'), 'append');
    source.next(text('b'));
    await soon();
    expect(local.texts()).toEqual(['a']);
    expect(await local.end).toMatchObject({ category: 'network', code: 'store-unavailable' });
    expect(isOpen()).toBe(false);
    expect(local.texts()).toEqual(['a']);
  });

  it('required: where it comes back in time, nobody notices', async () => {
    const trouble = troubled();
    const source = new Subject<ProviderEvent>();
    const { sessions } = session(source, { store: trouble.store });
    const { id } = await sessions.start(request);
    const local = reader(sessions.attach(id));
    trouble.fail(failure('network'), 'append', 'seal');
    for (const each of ['a', 'b', 'c']) source.next(text(each));
    source.next(finish());
    source.complete();
    setTimeout(trouble.mend, 100);
    expect(await local.end).toBeUndefined();
    expect(local.texts()).toEqual(['a', 'b', 'c']);
    expect(local.seen.every(({ cursor }) => cursor !== undefined)).toBe(true);
  });

  it('a start that cannot be recorded is no start', async () => {
    const trouble = troubled();
    trouble.fail(failure('network'), 'create');
    const { sessions, isOpen } = session(NEVER, { store: trouble.store, lease: 100 });
    await expect(sessions.start(request)).rejects.toMatchObject({ category: 'network' });
    expect(isOpen()).toBe(true);
  });
});

describe('a store without room', () => {
  it('ends the stream with limit-exceeded, which its readers are told', async () => {
    const trouble = troubled();
    const source = new Subject<ProviderEvent>();
    const { sessions, isOpen } = session(source, { store: trouble.store, storePatience: 100 });
    const { id } = await sessions.start(request);
    const local = reader(sessions.attach(id));
    source.next(text('a'));
    await soon();
    trouble.fail(new ProviderError({ category: 'limit-exceeded', phase: 'local' }), 'append');
    source.next(text('b'));
    expect(await local.end).toMatchObject({ category: 'limit-exceeded' });
    expect(local.texts()).toEqual(['a']);
    expect(isOpen()).toBe(false);
    expect((await trouble.real.get(id))?.outcome?.status).toBe('error');
  });
});

describe('a stream that its store has lost', () => {
  it.each([
    ['required', ['a'], 'interrupted'],
    ['best-effort', ['a', 'b', 'c'], undefined],
  ] as const)('%s: keeps what was promised', async (durability: Durability, texts, category) => {
    const store = memoryStore();
    const source = new Subject<ProviderEvent>();
    const { sessions, isOpen } = session(source, { store, durability, lease: 200 });
    const { id } = await sessions.start(request);
    const local = reader(sessions.attach(id));
    source.next(text('a'));
    await soon();
    await store.delete(id);
    source.next(text('b'));
    await soon();
    source.next(text('c'));
    source.next(finish());
    source.complete();
    const end = await local.end;
    expect(local.texts()).toEqual(texts);
    if (category === undefined) expect(end).toBeUndefined();
    else expect(['interrupted', 'not-found']).toContain(end?.category);
    expect(isOpen()).toBe(false);
  });
});

describe('a producer that was thought dead', () => {
  it('is fenced: its request ends, and what it says no longer counts', async () => {
    const trouble = troubled();
    const source = new Subject<ProviderEvent>();
    const config = { takeover: 'restart', lease: 150 } as const;
    const zombie = session(source, { store: trouble.store, ...config });
    const { id } = await zombie.sessions.start(request);
    source.next(text('old'));
    await soon();
    trouble.fail(failure('timeout'), 'renew');
    const fresh = session(of(text('new'), finish()), { store: trouble.real, ...config });
    const reading = reader(fresh.sessions.attach(id));
    expect(await reading.end).toBeUndefined();
    source.next(text(' and more'));
    await soon();
    expect(zombie.isOpen()).toBe(false);
    expect(reading.seen.map(({ type }) => type)).toEqual(['start', 'text-delta', 'restart', 'text-delta', 'finish']);
    expect(await textOf(reading.seen)).toBe('new');
    expect(await lastValueFrom(fresh.sessions.attach(id).pipe(toArray()))).toEqual(reading.seen);
  });
});

describe('a long stream', () => {
  it('keeps its end and a snapshot of what came before, and who was there misses nothing', async () => {
    const store = memoryStore({ maxEvents: 50 });
    const pieces = Array.from({ length: 400 }, (_, index) => `${index} `);
    const ofTen = Array.from({ length: 40 }, (_, index) => pieces.slice(10 * index, 10 * index + 10).map((piece) => text(piece)));
    const source = interval(0).pipe(
      take(41),
      concatMap((index) => ofTen[index] ?? [finish()]),
    );
    const { sessions } = session(source, { store });
    const { id } = await sessions.start(request);
    const local = reader(sessions.attach(id));
    expect(await local.end).toBeUndefined();
    const late = reader(createSessions({ store }).attach(id));
    expect(await late.end).toBeUndefined();
    expect(late.seen[0]?.type).toBe('snapshot');
    expect(late.seen.length).toBeLessThan(60);
    expect(await textOf(late.seen)).toBe(pieces.join(''));
    expect(await textOf(local.seen)).toBe(pieces.join(''));
  });

  it('that nobody can slow down, before a store that hangs, ends before memory does', async () => {
    const store = memoryStore();
    const hanging = new Proxy(store, {
      get: (target, name: keyof StreamStore) =>
        name === 'append' ? () => new Promise(() => undefined) : ((target[name] as () => unknown).bind?.(target) ?? target[name]),
    });
    let told = 0;
    const source = interval(0).pipe(
      take(1_000),
      map(() => text('x'.repeat(100))),
      tap(() => told++),
    );
    const { sessions, isOpen } = session(source, { store: hanging, maxUnloggedBytes: 10_000 });
    await sessions.start(request);
    await expect.poll(isOpen).toBe(false);
    expect(told).toBeGreaterThan(10);
    expect(told).toBeLessThan(200);
  });
});

describe('many at once', () => {
  it('1,000 sessions with 5 readers each, who come when they like: all of a session read the same', async () => {
    const store = memoryStore();
    const sources = Array.from({ length: 1_000 }, (_, index) =>
      interval(1).pipe(
        take(8),
        concatMap((step) => (step < 7 ? of(text(`${index}-${step} `)) : of(finish()))),
      ),
    );
    const client = createClient({ provider: fakeProvider<never>(...sources) });
    const sessions = createSessions({ client, store });
    const elsewhere = createSessions({ store });
    const ids = await Promise.all(sources.map(() => sessions.start(request).then(({ id }) => id)));
    let seed = 7;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const read = async (id: string): Promise<readonly StreamEvent[]> => {
      await new Promise((resolve) => setTimeout(resolve, random() * 60));
      const by = random() < 0.5 ? sessions : elsewhere;
      const all = by.attach(id);
      if (random() < 0.5) return lastValueFrom(all.pipe(toArray()));
      // Leaves in the middle, and comes back with its cursor.
      const begun = await lastValueFrom(all.pipe(take(3), toArray()));
      return [...begun, ...(await lastValueFrom(by.attach(id, { after: begun.at(-1)?.cursor }).pipe(toArray())))];
    };
    const read5 = await Promise.all(ids.map((id) => Promise.all(Array.from({ length: 5 }, () => read(id)))));
    for (const readers of read5) for (const each of readers.slice(1)) expect(each).toEqual(readers[0]);
    expect(read5[0]?.[0]).toHaveLength(9);
    await expect.poll(async () => (await store.stats()).open).toBe(0);
  }, 60_000);
});
