import { createHook } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type ContenderName, contender, type Reader } from './contenders.ts';
import { summarize } from './stats.ts';
import { chunksOf, type StreamSpec } from './wire.ts';

/** One measurement, made in a process of its own. */
export interface Job {
  readonly kind: 'cpu' | 'bytes' | 'timers';
  readonly spec: StreamSpec;
  readonly contenders: readonly ContenderName[];
  /** Streams read one after the other in each round. */
  readonly streams: number;
  readonly rounds: number;
  readonly warmUps: number;
}

/** What came out, by contender and round: microseconds, bytes or timers, an event. */
export type Measured = Readonly<Record<string, readonly number[]>>;

const job = JSON.parse(process.argv[2] ?? '') as Job;
const chunks = chunksOf(job.spec);
const readers = new Map<string, Reader>();
for (const name of ['L1', ...job.contenders] as const) readers.set(name, await contender(name, job.spec.wire));
const measured: Record<string, number[]> = {};

async function readOne(name: string): Promise<void> {
  const count = await (readers.get(name) as Reader)(chunks);
  if (name !== 'viewState' && count !== job.spec.events) throw new Error(`${name} saw ${count} of ${job.spec.events} events`);
  if (name === 'viewState' && count < 0) throw new Error('viewState never was done');
}

async function read(name: string): Promise<void> {
  for (let stream = 0; stream < job.streams; stream++) await readOne(name);
}

function note(name: string, value: number): void {
  measured[name] ??= [];
  measured[name].push(value / (job.spec.events * job.streams));
}

const measures = {
  /** All threads of the process, and so the compiler's and the collector's too. */
  cpu: async (name: string) => {
    const before = process.cpuUsage();
    await read(name);
    const { user, system } = process.cpuUsage(before);
    note(name, user + system);
  },
  /**
   * Started with a young generation so large that nothing is collected meanwhile: what the heap has grown by is what was allocated. The
   * median of the round's streams, in case memory outside the heap forces a collection after all.
   */
  bytes: async (name: string) => {
    collect();
    const grown: number[] = [];
    for (let stream = 0; stream < job.streams; stream++) {
      const before = process.memoryUsage().heapUsed;
      await readOne(name);
      grown.push(process.memoryUsage().heapUsed - before);
    }
    note(name, summarize(grown).median * job.streams);
  },
  timers: async (name: string) => {
    let timers = 0;
    const hook = createHook({
      init: (_id, type) => {
        if (type === 'Timeout' || type === 'Immediate') timers++;
      },
    }).enable();
    await read(name);
    hook.disable();
    note(name, timers);
  },
};

function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

for (let warmUp = 0; warmUp < job.warmUps; warmUp++) for (const name of readers.keys()) await read(name);
const measure = measures[job.kind];
for (let round = 0; round < job.rounds; round++) {
  // A round is L1, one, L1, another, L1: each contender stands between two runs of L1, and L1 between two of its own kind.
  await measure('L1');
  for (const name of job.contenders) {
    await measure(name);
    await measure('L1');
  }
}
process.stdout.write(JSON.stringify(measured));
