import { type Observable, Subscription } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { defaults } from '../../src/core/defaults.ts';
import type { EventLike } from '../../src/core/event.ts';
import { FlowGate, withFlowGate } from '../../src/core/flow-gate.ts';
import { isProviderError, type ProviderError } from '../../src/core/provider-error.ts';
import { formatCursor } from '../../src/recovery/cursor.ts';
import { serializeEvent } from '../../src/recovery/event-json.ts';
import { memoryStore } from '../../src/recovery/memory-store.ts';
import { snapshotOf } from '../../src/recovery/snapshot-of.ts';
import type { StreamInit } from '../../src/recovery/stream-record.ts';
import type { StoredEvent, StreamHolder, StreamStore } from '../../src/recovery/stream-store.ts';
import { finish, text } from '../../src/testing/index.ts';
import { inVirtualTime } from '../properties/virtual-time.ts';

const progress = { provider: 'made-up', model: 'm', attempts: 1, hasToolCall: false };
const init = (id: string, more: Partial<StreamInit> = {}): StreamInit => ({
  id,
  requestId: `request-${id}`,
  requestHash: 'hash',
  takeover: 'fail',
  maxTakeovers: 1,
  ...more,
});
const begin = (store: StreamStore, id: string, lease = 60_000) => store.create(init(id), { owner: 'owner', lease });
const holderOf = (id: string, epoch = 1): StreamHolder => ({ id, epoch });
const append = (store: StreamStore, id: string, sequence: number, events: readonly object[]) =>
  store.append(holderOf(id), { sequence, events: (events as EventLike[]).map(serializeEvent), progress });
const seal = (store: StreamStore, id: string, last: number) => store.seal(holderOf(id), { last, outcome: { status: 'done' } });
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: ProviderError) => error,
  );

interface Seen {
  readonly events: StoredEvent[];
  error?: ProviderError;
  isComplete?: true;
  readonly subscription: Subscription;
}

function watch(events$: Observable<StoredEvent>): Seen {
  const seen: Seen = { events: [], subscription: new Subscription() };
  seen.subscription.add(
    events$.subscribe({
      next: (event) => seen.events.push(event),
      error: (error) => {
        seen.error = error;
      },
      complete: () => {
        seen.isComplete = true;
      },
    }),
  );
  return seen;
}

/** An answer of so many pieces that ends as it should. */
async function answer(store: StreamStore, id: string, pieces: number): Promise<void> {
  await begin(store, id);
  await append(store, id, 2, [...Array.from({ length: pieces }, (_, index) => text(`${id}-${index} `)), finish()]);
  expect(await seal(store, id, pieces + 2)).toBe('ok');
}

describe('memoryStore()', () => {
  it('names the option that is wrong', () => {
    expect(() => memoryStore({ ttl: -1 })).toThrow(/^memoryStore: ttl must be a number of milliseconds from 1/);
    expect(() => memoryStore({ maxStoreBytes: 1.5 })).toThrow(/^memoryStore: maxStoreBytes must be a whole number from 1/);
    expect(() => memoryStore({ maxStream: 5 } as never)).toThrow(/^memoryStore: maxStream is not an option/);
  });

  it('tells producers its limits', () => {
    expect(memoryStore().limits).toEqual({ maxEvents: defaults.store.maxEvents, maxBytes: defaults.store.maxBytes });
    expect(memoryStore({ maxEvents: 7, maxBytes: 1_000 }).limits).toEqual({ maxEvents: 7, maxBytes: 1_000 });
  });

  it('gives what is there in the moment of the subscription, and what comes before an append is answered', async () => {
    const store = memoryStore();
    await begin(store, 'a');
    await append(store, 'a', 2, [text('Hel')]);
    const seen = watch(store.read('a'));
    expect(seen.events).toHaveLength(1);
    const appended = append(store, 'a', 3, [text('lo')]);
    expect(seen.events).toHaveLength(2);
    expect(await appended).toBe('ok');
  });

  it('parses an event once, whoever reads', async () => {
    const store = memoryStore();
    await begin(store, 'a');
    const parse = vi.spyOn(JSON, 'parse');
    await append(store, 'a', 2, [text('a'), text('b'), text('c')]);
    const readers = Array.from({ length: 5 }, () => watch(store.read('a')));
    await append(store, 'a', 5, [text('d')]);
    expect(parse).toHaveBeenCalledTimes(4);
    parse.mockRestore();
    for (const { events } of readers) for (const [index, event] of events.entries()) expect(event).toBe(readers[0]?.events[index]);
  });

  it('raises what is no JSON where it is read, and nothing where it is appended', async () => {
    const store = memoryStore();
    await begin(store, 'a');
    const seen = watch(store.read('a'));
    expect(await store.append(holderOf('a'), { sequence: 2, events: ['{'], progress })).toBe('ok');
    expect(seen.error).toMatchObject({ category: 'protocol', code: 'not-json' });
  });
});

describe('a reader in memory', () => {
  it('that pauses keeps a place and no events, and goes on where it was', async () => {
    const store = memoryStore();
    await begin(store, 'a');
    const gate = new FlowGate();
    let seen: Seen | undefined;
    withFlowGate(gate, () => {
      seen = watch(store.read('a'));
    });
    expect(gate.taken).toBe(true);
    await append(store, 'a', 2, [text('a')]);
    gate.close();
    await append(store, 'a', 3, [text('b'), text('c')]);
    expect(seen?.events).toHaveLength(1);
    gate.reopen();
    expect(seen?.events).toHaveLength(3);
    gate.close();
    await append(store, 'a', 5, [text('d')]);
    await store.rotate(holderOf('a'), {
      sequence: 5,
      snapshot: serializeEvent({ type: 'snapshot', result: snapshotOf([text('abcd')]) } as EventLike),
    });
    await append(store, 'a', 6, [text('e'), finish()]);
    await seal(store, 'a', 7);
    expect(seen?.isComplete).toBeUndefined();
    gate.reopen();
    expect(seen?.events.slice(3).map(({ type }) => type)).toEqual(['snapshot', 'text-delta', 'finish']);
    expect(snapshotOf(seen?.events ?? []).text).toBe('abcde');
    expect(seen?.isComplete).toBe(true);
  });

  it('that does something with the store while it is told gets every event once, in order, and so do the others', async () => {
    const store = memoryStore();
    await begin(store, 'a');
    const told: string[] = [];
    let sequence = 3;
    const first = store.read('a').subscribe((event) => {
      told.push((event as unknown as { text: string }).text);
      if (sequence < 8) void append(store, 'a', sequence, [text(String(sequence++))]);
    });
    const second = watch(store.read('a'));
    await append(store, 'a', 2, [text('2')]);
    expect(told).toEqual(['2', '3', '4', '5', '6', '7']);
    expect(second.events.map((event) => (event as unknown as { text: string }).text)).toEqual(told);
    first.unsubscribe();
  });

  it('that deletes the stream while it is told leaves nothing behind', async () => {
    const store = memoryStore();
    await begin(store, 'a');
    const errors: unknown[] = [];
    store.read('a').subscribe({ next: () => void store.delete('a'), error: (error) => errors.push(error) });
    expect(await append(store, 'a', 2, [text('a'), text('b')])).toBe('ok');
    expect(errors).toMatchObject([{ category: 'interrupted', code: 'stream-lost' }]);
    expect(await store.stats()).toEqual({ streams: 0, open: 0, events: 0, bytes: 0 });
  });

  it('that throws disturbs neither the producer nor the others', async () => {
    const store = memoryStore();
    await begin(store, 'a');
    vi.useFakeTimers();
    store.read('a').subscribe(() => {
      throw new Error('of the observer');
    });
    const seen = watch(store.read('a'));
    expect(await append(store, 'a', 2, [text('a')])).toBe('ok');
    expect(seen.events).toHaveLength(1);
    expect(() => vi.runAllTimers()).toThrow('of the observer');
    vi.useRealTimers();
  });
});

describe('the room of a store in memory', () => {
  it('is what it holds: nothing is left when everything is gone', async () => {
    const store = memoryStore();
    for (let index = 0; index < 20; index++) {
      const id = `s${index}`;
      await store.create(init(id, { tenant: 't' }), { owner: 'o', lease: 1_000, idempotencyKey: id });
      await append(store, id, 2, [text('a'), text('b'), text('c')]);
      await store.claim(id, 'call-1');
      if (index % 2) await store.rotate(holderOf(id), { sequence: 3, snapshot: '{"type":"snapshot","result":{}}' });
      if (index % 3) await seal(store, id, 4);
    }
    const { streams, open, events, bytes } = await store.stats();
    expect({ streams, open, events }).toEqual({ streams: 20, open: 7, events: 50 });
    expect(bytes).toBeGreaterThan(20 * 1_024);
    for (let index = 0; index < 20; index++) await store.delete(`s${index}`);
    expect(await store.stats()).toEqual({ streams: 0, open: 0, events: 0, bytes: 0 });
  });

  it('is never exceeded: streams that have ended are made smaller, the oldest first, and a late reader still gets the answer', async () => {
    const maxStoreBytes = 200_000;
    const store = memoryStore({ maxStoreBytes });
    const whole: string[] = [];
    for (let index = 0; index < 20; index++) {
      await answer(store, `s${index}`, 100);
      expect((await store.stats()).bytes).toBeLessThanOrEqual(maxStoreBytes);
      whole.push(Array.from({ length: 100 }, (_, piece) => `s${index}-${piece} `).join(''));
    }
    const types: string[] = [];
    for (const [index, expected] of whole.entries()) {
      const seen = watch(store.read(`s${index}`));
      expect(seen.isComplete).toBe(true);
      expect(snapshotOf(seen.events)).toMatchObject({ text: expected, finishReason: 'stop' });
      expect(seen.events.filter(({ type }) => type === 'finish')).toHaveLength(1);
      types.push(seen.events[0]?.type ?? '');
      const middle = watch(store.read(`s${index}`, { after: formatCursor({ epoch: 1, sequence: 51 }) }));
      const had = Array.from({ length: 50 }, (_, piece) => text(`s${index}-${piece} `));
      expect(snapshotOf([...had, ...middle.events]).text).toBe(expected);
      expect(middle.events.at(-1)?.type).toBe('finish');
      const atEnd = watch(store.read(`s${index}`, { after: formatCursor({ epoch: 1, sequence: 101 }) }));
      expect(atEnd.events.map(({ type }) => type)).toEqual(['finish']);
    }
    expect(types.indexOf('text-delta')).toBeGreaterThan(0);
    expect(types.slice(types.indexOf('text-delta'))).not.toContain('snapshot');
  });

  it('keeps streams whole that fit', async () => {
    const store = memoryStore();
    for (let index = 0; index < 20; index++) await answer(store, `s${index}`, 10);
    expect(await store.stats()).toMatchObject({ streams: 20, events: 220 });
  });

  it('where there is none, a stream is not created and nothing is appended, and what is there goes on', async () => {
    const store = memoryStore({ maxStoreBytes: 8_000 });
    await begin(store, 'a');
    let sequence = 2;
    let error: ProviderError | undefined;
    for (; !error; sequence += 2) error = await rejection(append(store, 'a', sequence, [text('x'), text('y')]));
    expect(error).toMatchObject({ category: 'limit-exceeded', code: 'store-full', phase: 'local' });
    expect(isProviderError(error)).toBe(true);
    const before = await store.stats();
    expect(await rejection(begin(store, 'b'))).toMatchObject({ category: 'limit-exceeded' });
    expect(await store.get('b')).toBeUndefined();
    expect(await rejection(store.claim('a', 'x'.repeat(2_000)))).toMatchObject({ category: 'limit-exceeded' });
    expect(await rejection(store.rotate(holderOf('a'), { sequence: 2, snapshot: 'x'.repeat(4_000) }))).toMatchObject({
      category: 'limit-exceeded',
    });
    expect(await store.stats()).toEqual(before);
    expect((await store.get('a'))?.last).toBe(sequence - 3);
    expect(await append(store, 'a', sequence - 4, [text('x'), text('y')]), 'the last batch again').toBe('ok');
    expect(await seal(store, 'a', sequence - 3)).toBe('ok');
    expect(await rejection(begin(store, 'b')), 'a stream that has ended makes room').toBeUndefined();
  });

  it('has a limit on streams: what is there stays, and one more is refused (idm-02)', async () => {
    const store = memoryStore({ maxStreams: 2 });
    await begin(store, 'a');
    await begin(store, 'b');
    expect(await rejection(begin(store, 'c'))).toMatchObject({ category: 'limit-exceeded', code: 'store-full' });
    await store.delete('a');
    expect(await rejection(begin(store, 'c'))).toBeUndefined();
  });

  it('is not taken by watchers without end', async () => {
    const store = memoryStore();
    await begin(store, 'a');
    for (let index = 0; index < 3_000; index++) await store.get('a', { watcher: `w${index}`, for: 60_000 });
    expect((await store.get('a'))?.watchers).toBe(1_000);
  });
});

describe('the time of a store in memory', () => {
  it('2,000 streams are gone after their time, without a timer', () => {
    inVirtualTime((time) => {
      const store = memoryStore({ ttl: 60_000, sealedTtl: 30_000 });
      const answered: unknown[] = [];
      const ask = (promise: Promise<unknown>) => void promise.then((answer) => answered.push(answer));
      for (let index = 0; index < 2_000; index++) {
        ask(store.create(init(`s${index}`), { owner: 'o', lease: 10_000, idempotencyKey: `k${index}` }));
        ask(append(store, `s${index}`, 2, [text('a'), finish()]));
        if (index % 2) ask(seal(store, `s${index}`, 3));
      }
      const readers = [watch(store.read('s0')), watch(store.read('s1'))];
      expect(time.pending).toBe(0);
      time.advance(30_000);
      const sealed = store.purge();
      time.advance(30_000);
      const open = store.purge();
      const stats = store.stats();
      expect(readers[0]?.error).toMatchObject({ category: 'interrupted', code: 'stream-lost' });
      expect(readers[1]?.isComplete).toBe(true);
      expect(watch(store.read('s0')).error).toMatchObject({ category: 'not-found' });
      checks.push(async () => {
        expect([await sealed, await open, await stats]).toEqual([1_000, 1_000, { streams: 0, open: 0, events: 0, bytes: 0 }]);
      });
    });
  });

  it('a stream lives from its last sign of life, and goes by the way', () => {
    inVirtualTime((time) => {
      const store = memoryStore({ ttl: 1_000 });
      void begin(store, 'appended');
      void begin(store, 'renewed');
      void begin(store, 'silent');
      time.advance(900);
      void append(store, 'appended', 2, [text('a')]);
      void store.renew(holderOf('renewed'), { lease: 60_000 });
      // To be looked at is none.
      void store.get('silent', { watcher: 'w', for: 60_000 });
      time.advance(900);
      const ids = store.list().then((records) => records.map(({ id }) => id));
      time.advance(100);
      const left = store.stats();
      checks.push(async () => {
        expect(await ids).toEqual(['appended', 'renewed']);
        expect(await left).toMatchObject({ streams: 0 });
      });
    });
  });

  it('leases and marks run out, and the deadline is over, by the virtual clock', () => {
    inVirtualTime((time) => {
      const store = memoryStore();
      void store.create(init('a', { takeover: 'continue', deadline: time.now + 5_000, maxTakeovers: 9 }), { owner: 'o', lease: 1_000 });
      void store.get('a', { watcher: 'w', for: 500 });
      time.advance(499);
      const watched = store.get('a');
      time.advance(500);
      const held = store.get('a');
      time.advance(1);
      const expired = store.get('a');
      const taken = store.take('a', { owner: 'p', lease: 1_000 });
      time.advance(4_000);
      const late = store.take('a', { owner: 'q', lease: 1_000 });
      checks.push(async () => {
        expect((await watched)?.watchers).toBe(1);
        expect(await held).toMatchObject({ state: 'held', leaseMs: 1, watchers: 0 });
        expect(await expired).toMatchObject({ state: 'expired', leaseMs: 0 });
        expect(await taken).toMatchObject({ status: 'taken', record: { epoch: 2, owner: 'p', leaseMs: 1_000 } });
        expect(await late).toMatchObject({ status: 'sealed', record: { outcome: { status: 'interrupted', code: 'producer-lost' } } });
      });
    });
  });

  it('does not go back with the clock', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000_000 });
    const store = memoryStore({ ttl: 60_000 });
    await begin(store, 'a', 10_000);
    vi.setSystemTime(900_000_000);
    expect((await store.get('a'))?.leaseMs).toBe(10_000);
    vi.setSystemTime(900_004_000);
    expect((await store.get('a'))?.leaseMs).toBe(6_000);
    vi.setSystemTime(900_010_000);
    expect((await store.get('a'))?.state).toBe('expired');
    vi.useRealTimers();
  });

  it('a key is free once its stream is past its time (idm-01)', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000_000 });
    const store = memoryStore({ ttl: 1_000 });
    const options = { owner: 'o', lease: 500, idempotencyKey: 'k' };
    await store.create(init('a'), options);
    expect(await store.create(init('b'), options)).toMatchObject({ status: 'exists', record: { id: 'a' } });
    vi.setSystemTime(1_000_001_000);
    expect(await store.create(init('b'), options)).toMatchObject({ status: 'created', record: { id: 'b' } });
    vi.useRealTimers();
  });

  const checks: (() => Promise<void>)[] = [];
  it('what was answered in virtual time is what it should be', async () => {
    expect(checks).toHaveLength(3);
    for (const check of checks) await check();
  });
});

describe('a store in memory that is closed', () => {
  it('tells who reads, and refuses what comes', async () => {
    const store = memoryStore();
    await begin(store, 'a');
    const seen = watch(store.read('a'));
    const cancellations = vi.fn();
    store.cancellations('owner').subscribe({ complete: cancellations });
    await store.close();
    await store.close();
    expect(seen.error).toMatchObject({ category: 'network', code: 'store-closed' });
    expect(cancellations).toHaveBeenCalledOnce();
    expect(watch(store.read('a')).error).toMatchObject({ category: 'network' });
    expect(await rejection(store.get('a'))).toMatchObject({ category: 'network' });
  });
});
