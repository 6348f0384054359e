/**
 * What a stream through Redis costs: the time from a word's being said in one process to its being read in another, and the commands that it takes. `npx
 * tsx bench/store.ts`; it starts a redis-server of its own.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createClient as createRedis } from 'redis';
import { lastValueFrom, tap } from 'rxjs';
import { createSessions, type StreamEvent } from '../src/index.ts';
import { redisStore } from '../src/redis/index.ts';
import { table } from './lib/stats.ts';

const now = (): number => performance.timeOrigin + performance.now();
const port = await new Promise<number>((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
  });
});
const directory = await mkdtemp(join(tmpdir(), 'steadystream-bench-'));
const server = spawn('redis-server', ['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--save', ''], {
  stdio: 'ignore',
});
const url = `redis://127.0.0.1:${port}`;
const redis = createRedis({ url });
redis.on('error', () => undefined);
await redis.connect();
const store = redisStore({ client: redis });
const sessions = createSessions({ store });

const commandsOf = async (): Promise<number> => Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);

async function measure(streams: number, every: number, events: number): Promise<readonly string[]> {
  const before = await commandsOf();
  const late: number[] = [];
  const note = (event: StreamEvent): void => {
    if (event.type === 'text-delta') late.push(now() - Number(event.text));
  };
  const producer = fileURLToPath(new URL('store/producer.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', producer, JSON.stringify({ url, streams, every, events })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const readings: Promise<unknown>[] = [];
  for await (const id of createInterface({ input: child.stdout })) {
    readings.push(lastValueFrom(sessions.attach(id).pipe(tap(note))));
    if (readings.length === streams) break;
  }
  await Promise.all(readings);
  child.kill();
  const commands = ((await commandsOf()) - before) / (streams * events);
  late.sort((one, other) => one - other);
  const at = (share: number): string => `${(late[Math.floor(share * (late.length - 1))] ?? Number.NaN).toFixed(1)} ms`;
  return [String(streams), String(1_000 / every), at(0.5), at(0.99), at(1), commands.toFixed(2)];
}

try {
  const rows = [['streams', 'events/s each', 'p50', 'p99', 'max', 'commands/event']];
  for (const [streams, every, events] of [
    [1, 20, 250],
    [50, 20, 250],
    [200, 20, 250],
  ] as const) {
    rows.push([...(await measure(streams, every, events))]);
  }
  process.stdout.write(`${table(rows)}\n`);
} finally {
  await store.close();
  redis.destroy();
  server.kill();
  await rm(directory, { recursive: true, force: true });
}
