import { catchError, concatMap, filter, map, of, take } from 'rxjs';
import { formatCursor, parseCursor } from '../../src/recovery/cursor.ts';
import { memoryStore } from '../../src/recovery/memory-store.ts';
import type { HolderReply, StreamStore } from '../../src/recovery/stream-store.ts';

type Break = (store: StreamStore) => Partial<StreamStore>;

const at = (after: string | undefined, by: number): string | undefined => {
  const position = after === undefined ? undefined : parseCursor(after);
  return position && position.sequence + by >= 0 ? formatCursor({ ...position, sequence: position.sequence + by }) : after;
};

/** Stores in which one thing is wrong, by what it is. */
const breaks: Readonly<Record<string, Break>> = {
  'says ok to who is fenced': ({ append }) => ({
    append: async (holder, batch) => {
      const reply = await append(holder, batch);
      return reply === 'fenced' ? 'ok' : reply;
    },
  }),
  'writes for who is fenced': (store) => ({
    append: async ({ id }, batch) => {
      const { epoch, last } = (await store.get(id)) ?? { epoch: 1, last: 0 };
      return store.append({ id, epoch }, { ...batch, sequence: Math.max(batch.sequence, last + 1) });
    },
  }),
  'appends what comes twice twice': (store) => ({
    append: async (holder, batch) => {
      const { last } = (await store.get(holder.id)) ?? { last: 0 };
      return store.append(holder, { ...batch, sequence: last + 1 });
    },
  }),
  'forgets an event now and then': ({ append }) => ({
    append: (holder, batch) =>
      append(holder, { ...batch, events: batch.events.map((event, index) => (index === 2 ? '{"type":"x"}' : event)) }),
  }),
  'passes over the event after a cursor': ({ read }) => ({ read: (id, options) => read(id, { after: at(options?.after, 1) }) }),
  'repeats the event before a cursor': ({ read }) => ({
    read: (id, options) => read(id, { after: options?.after?.endsWith('3') ? at(options.after, -1) : options?.after }),
  }),
  'gives an event twice': ({ read }) => ({
    read: (id, options) => read(id, options).pipe(concatMap((event, index) => (index === 1 ? of(event, event) : of(event)))),
  }),
  'gives no end': ({ read }) => ({ read: (id, options) => read(id, options).pipe(filter(({ type }) => type !== 'finish')) }),
  'completes where it should fail': ({ read }) => ({ read: (id, options) => read(id, options).pipe(catchError(() => of())) }),
  'does not say that what somebody has is void': ({ read }) => ({
    read: (id, options) => read(id, options).pipe(filter(({ type }) => type !== 'restart')),
  }),
  'loses what was before a rotation': ({ read }) => ({
    read: (id, options) => read(id, options).pipe(filter(({ type }) => type !== 'snapshot')),
  }),
  'sorts cursors as it likes': ({ read }) => ({
    read: (id, options) =>
      read(id, options).pipe(map((event, index) => (index === 1 ? { ...event, cursor: formatCursor({ epoch: 1, sequence: 1 }) } : event))),
  }),
  'takes what is held': (store) => ({
    take: async (id, options) => {
      const record = await store.get(id);
      if (record?.state === 'held') await store.release({ id, epoch: record.epoch });
      return store.take(id, options);
    },
  }),
  'takes what was cancelled': (store) => ({
    cancel: async (id) => {
      const record = await store.get(id);
      return record?.state === 'held' ? { ...record, isCancelled: true } : store.cancel(id);
    },
  }),
  'does not tell of a cancellation': ({ renew }) => ({
    renew: async (holder, options) => ({ ...(await renew(holder, options)), isCancelled: false }),
  }),
  'lets everybody claim': () => ({ claim: async () => true }),
  'makes two streams of one key': ({ create }) => ({ create: (init, { idempotencyKey: _, ...options }) => create(init, options) }),
  'changes its mind about the end': (store) => {
    const outcomes = new Map<string, Parameters<StreamStore['seal']>[1]['outcome']>();
    return {
      seal: async (holder, options) => {
        const reply = await store.seal(holder, options);
        if (reply !== 'lost') outcomes.set(holder.id, options.outcome);
        return reply;
      },
      get: async (id, watch) => {
        const record = await store.get(id, watch);
        return record?.outcome ? { ...record, outcome: outcomes.get(id) ?? record.outcome } : record;
      },
    };
  },
  'seals whatever the last entry is': (store) => ({
    seal: async (holder, options) => store.seal(holder, { ...options, last: (await store.get(holder.id))?.last ?? 0 }),
  }),
  'seals nothing': ({ seal }) => ({
    seal: async (holder, options): Promise<HolderReply> => (holder.epoch > 99 ? seal(holder, options) : 'ok'),
  }),
  'never gives up a lease': () => ({ release: async () => 'ok' }),
  'counts no watchers': ({ get }) => ({ get: (id) => get(id) }),
  'lists the newest first': ({ list }) => ({ list: async (options) => [...(await list(options))].reverse() }),
  'lists what is of others': ({ list }) => ({ list: ({ tenant: _, ...options } = {}) => list(options) }),
  'deletes nothing': () => ({ delete: async () => true }),
  'reads on after it was closed': () => ({ close: async () => undefined }),
  'ends before the stream does': ({ read }) => ({ read: (id, options) => read(id, options).pipe(take(4)) }),
  'takes anything for a cursor': ({ read }) => ({
    read: (id, options) => read(id, { after: options?.after !== undefined && !parseCursor(options.after) ? '-1' : options?.after }),
  }),
};

export const brokenStores = Object.keys(breaks);

export function brokenStore(name: string): StreamStore {
  const store = memoryStore();
  // With its methods bound, so that a break can call them.
  const bound = new Proxy(store, {
    get: (target, member) => {
      const value = Reflect.get(target, member, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const broken = breaks[name]?.(bound) ?? {};
  return new Proxy(bound, { get: (target, member) => Reflect.get(member in broken ? broken : target, member) });
}
