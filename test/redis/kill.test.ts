import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createClient as createRedis } from 'redis';
import { lastValueFrom, of, tap } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createClient,
  createSessions,
  isProviderError,
  type ProviderError,
  result,
  type Sessions,
  type StreamEvent,
  type TakeoverPolicy,
} from '../../src/index.ts';
import { redisStore } from '../../src/redis/index.ts';
import { type Story, teller, textOf } from './kill/story.ts';
import { describeWithRedis, RedisServer } from './redis-server.ts';

/** How often a process is killed for each policy, and how many streams it then has. `STEADYSTREAM_KILLS=200` is the long run. */
const kills = Number(process.env.STEADYSTREAM_KILLS ?? 8);
const streamsEach = 3;
const atOnce = 4;
const lease = 600;
const every = 8;
const words = 60;
/** The law's bound, and what a machine with other things to do may add. */
const bound = lease + 2_000;
const slack = 3_000;

interface Reading {
  readonly story: Story;
  readonly seen: (StreamEvent & { readonly at: number })[];
  readonly end: Promise<ProviderError | undefined>;
}

describeWithRedis('a process that is killed while it produces', () => {
  let redis: RedisServer;
  let directory: string;
  let child: string;

  beforeAll(async () => {
    redis = await RedisServer.start();
    directory = await mkdtemp(join(tmpdir(), 'steadystream-kill-'));
    child = join(directory, 'child.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('kill/child.ts', import.meta.url))],
      outfile: child,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
  }, 60_000);
  afterAll(async () => {
    await redis?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  function produce(takeover: TakeoverPolicy, stories: readonly Story[], started: (name: string, id: string) => void): ChildProcess {
    const options = JSON.stringify({ url: redis.url, takeover, lease, every, stories });
    const process = spawn('node', [child, options], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: process.stdout }).on('line', (line) => {
      const { name, id } = JSON.parse(line) as { readonly name: string; readonly id: string };
      started(name, id);
    });
    return process;
  }

  function read(sessions: Sessions, id: string, story: Story): Reading {
    const seen: (StreamEvent & { readonly at: number })[] = [];
    const end = lastValueFrom(sessions.attach(id).pipe(tap((event) => seen.push({ ...event, at: performance.now() })))).then(
      () => undefined,
      (error: unknown) => (isProviderError(error) ? error : Promise.reject(error)),
    );
    return { story, seen, end };
  }

  /** One process, killed at a random moment; two readers of each of its streams, in another. */
  async function killOnce(sessions: Sessions, takeover: TakeoverPolicy, round: number): Promise<readonly string[]> {
    const stories = Array.from({ length: streamsEach }, (_, index): Story => {
      const callAfter = index === 0 && round % 2 === 0 ? 20 : undefined;
      return { name: `${takeover}${round}x${index}`, words, callAfter };
    });
    const readings: Reading[] = [];
    await new Promise<void>((resolve) => {
      const process = produce(takeover, stories, (name, id) => {
        const story = stories.find((each) => each.name === name) as Story;
        readings.push(read(sessions, id, story), read(sessions, id, story));
        if (readings.length < 2 * streamsEach) return;
        setTimeout(() => process.kill('SIGKILL'), Math.random() * every * words * 1.1);
      });
      process.once('exit', () => resolve());
    });
    const killedAt = performance.now();
    const faults: string[] = [];
    for (const { story, seen, end } of readings) {
      const error = await end;
      const fault = await judge(takeover, story, seen, error, killedAt);
      if (fault) faults.push(`${story.name}: ${fault} [${seen.map(({ type }) => type).join(' ')}]`);
    }
    return faults;
  }

  async function judge(
    takeover: TakeoverPolicy,
    story: Story,
    seen: Reading['seen'],
    error: ProviderError | undefined,
    killedAt: number,
  ): Promise<string | undefined> {
    const cursors = seen.map(({ cursor }) => cursor ?? '');
    if (cursors.some((cursor, index) => index > 0 && cursor <= (cursors[index - 1] as string))) return 'cursors do not grow';
    if (seen.filter(({ type }) => type === 'start').length > 1) return 'started twice';
    const calls = seen.filter(({ type }) => type === 'tool-call').length;
    if (calls > 1) return 'a tool call came twice';
    const last = await lastValueFrom(of(...(seen as StreamEvent[])).pipe(result()), { defaultValue: undefined }).catch(() => undefined);
    const said = seen.reduce((so, event) => (event.type === 'text-delta' ? so + event.text : event.type === 'restart' ? '' : so), '');
    const whole = textOf(story);
    if (!error) {
      if (last?.text !== whole) return `ended with ${JSON.stringify(last?.text)}`;
    } else {
      if (error.category !== 'interrupted') return `failed with ${error.message}`;
      if (!whole.startsWith(said)) return `said ${JSON.stringify(said)}`;
      // Where nothing was said yet, there is no cursor to resume from; and the call may have been logged and not been read.
      const mayFail = takeover === 'fail' || (takeover === 'resume' ? seen.length === 0 : story.callAfter !== undefined);
      if (!mayFail) return `was not taken over: ${error.message}`;
    }
    // What the next process says first comes within the bound.
    const next = seen.find(({ at }) => at > killedAt + 100)?.at ?? (error ? performance.now() : killedAt);
    if (!error && next - killedAt > bound + slack) return `was taken over after ${Math.round(next - killedAt)} ms`;
    return undefined;
  }

  it.each(['fail', 'resume', 'continue', 'restart'] as const)(
    `${kills} times, and may be taken over by: %s`,
    async (takeover) => {
      const client = createRedis({ url: redis.url });
      client.on('error', () => undefined);
      await client.connect();
      const store = redisStore({ client });
      const sessions = createSessions({ client: createClient({ provider: teller(every) }), store, takeover, lease });
      const faults: string[] = [];
      let round = 0;
      const worker = async (): Promise<void> => {
        while (round < kills) faults.push(...(await killOnce(sessions, takeover, round++)));
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      expect(faults).toEqual([]);
      await store.close();
      client.destroy();
    },
    600_000,
  );
});
