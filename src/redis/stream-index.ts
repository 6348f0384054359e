import type { StoreStatistics, StreamRecord, StreamStore } from '../index.ts';
import { cleanScript, listScript, statisticsScript } from './index-scripts.ts';
import type { RedisAccess } from './redis-access.ts';
import type { Script } from './script.ts';
import { readRecord } from './stored-record.ts';

/** Streams that one script looks at, for it keeps all others waiting. */
const page = 200;

/** The oldest records, of one tenant or of all. */
export async function listStreams(
  access: RedisAccess,
  { tenant, state, limit = 100 }: NonNullable<Parameters<StreamStore['list']>[0]>,
): Promise<readonly StreamRecord[]> {
  const index = tenant === undefined ? access.keys.created : access.keys.createdBy(tenant);
  const records: StreamRecord[] = [];
  for (let offset = 0; records.length < limit; offset += page) {
    const [seen, replies] = (await runOverIndex(access, listScript, [index, offset, page])) as [number, unknown[]];
    for (const reply of replies) {
      const record = readRecord(reply);
      if (records.length < limit && (state === undefined || record.state === state)) records.push(record);
    }
    if (seen < page) break;
  }
  return records;
}

export async function countStreams(access: RedisAccess): Promise<StoreStatistics> {
  const sum = { streams: 0, open: 0, events: 0, bytes: 0 };
  for (let offset = 0; ; offset += page) {
    const reply = await runOverIndex(access, statisticsScript, [offset, page]);
    const [seen = 0, streams = 0, open = 0, events = 0, bytes = 0] = reply as number[];
    sum.streams += streams;
    sum.open += open;
    sum.events += events;
    sum.bytes += bytes;
    if (seen < page) return sum;
  }
}

/** Redis lets go of the streams by itself; what is left of them in the indexes goes here. */
export async function purgeStreams(access: RedisAccess): Promise<number> {
  let sum = 0;
  for (;;) {
    const dropped = (await runOverIndex(access, cleanScript, [page])) as number;
    sum += dropped;
    if (dropped < page) return sum;
  }
}

function runOverIndex(access: RedisAccess, script: Script, values: readonly (string | number)[]): Promise<unknown> {
  const { keys } = access;
  return access.attempt(access.reading, (connection) => script.run(connection, keys.all(''), ['', keys.prefix, ...values]));
}
