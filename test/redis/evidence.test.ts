import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Redis } from 'ioredis';
import { createClient as createRedis } from 'redis';
import { firstValueFrom, from, lastValueFrom } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createCircuitBreakers,
  createClient,
  createCooldowns,
  createRetryBudget,
  openai,
  result,
  type StreamRequest,
} from '../../src/index.ts';
import type { EvidenceExchange, SharingEvent } from '../../src/operators/evidence-rounds.ts';
import { shareResilience } from '../../src/operators/share-resilience.ts';
import type { NodeEvidence } from '../../src/policies/resilience-evidence.ts';
import { fromIoredis } from '../../src/redis/index.ts';
import { redisEvidence } from '../../src/redis/redis-evidence.ts';
import { type FaultServer, startFaultServer } from '../../src/testing/fault-server.ts';
import { describeWithRedis, RedisServer } from './redis-server.ts';

const request: StreamRequest = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };
const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));
const open: (() => unknown)[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
  expect(rejections.splice(0)).toEqual([]);
});

/** A list that grows, and those who wait for it to say something. */
class Told<T> {
  readonly values: T[] = [];
  readonly #waiting = new Set<() => void>();

  add(value: T): void {
    this.values.push(value);
    for (const look of [...this.#waiting]) look();
  }

  /** The first from this place on that is what is looked for. */
  first(isIt: (value: T) => boolean, from = 0): Promise<T> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.values.slice(from).find(isIt);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  type(type: string, from = 0): Promise<T> {
    return this.first((value) => (value as { readonly type: string }).type === type, from);
  }
}

interface Line {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A real process: `child.ts`. */
class Worker {
  readonly told = new Told<Line>();
  readonly #process: ChildProcess;
  readonly ended: Promise<unknown>;

  constructor(file: string, url: string, prefix: string) {
    this.#process = spawn(process.execPath, [file, JSON.stringify({ url, prefix })], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = once(this.#process, 'exit');
    open.push(() => this.kill());
    if (this.#process.stdout) createInterface({ input: this.#process.stdout }).on('line', (line) => this.told.add(JSON.parse(line)));
  }

  /** Waits until so many processes know of each other. */
  async knows(nodes: number): Promise<void> {
    await this.told.first((line) => line.type === 'shared' && line.nodes === nodes);
  }

  async ask(command: object, answer: string): Promise<Line> {
    const { length } = this.told.values;
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
    return this.told.type(answer, length);
  }

  call(url: string): Promise<Line> {
    return this.ask({ call: url }, 'called');
  }

  state(): Promise<Line> {
    return this.ask({}, 'state');
  }

  finish(): void {
    this.#process.stdin?.end();
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}

describeWithRedis('evidence that is shared through Redis', () => {
  let redis: RedisServer;
  let directory: string;
  let child: string;
  let prefix: string;

  beforeAll(async () => {
    redis = await RedisServer.start();
    directory = await mkdtemp(path.join(tmpdir(), 'steadystream-evidence-'));
    child = path.join(directory, 'child.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('evidence/child.ts', import.meta.url))],
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

  const fresh = () => {
    prefix = `${randomUUID()}:`;
  };

  const start = () => new Worker(child, redis.url, prefix);

  const exchangeOf = (commandTimeout = 1_000): EvidenceExchange => {
    const exchange = redisEvidence({ client: createRedis({ url: redis.url }), prefix, commandTimeout });
    open.push(() => exchange.close());
    return exchange;
  };

  /** A process, as far as the others can tell, within this one. */
  function join(exchange = exchangeOf()) {
    const breakers = createCircuitBreakers({ openFor: 30_000 });
    const cooldowns = createCooldowns();
    const budget = createRetryBudget();
    const told = new Told<SharingEvent>();
    const sharing = shareResilience({ exchange, breakers, cooldowns, budget, every: 200 }).subscribe((event) => told.add(event));
    open.push(() => sharing.unsubscribe());
    const call = (url: string) => {
      const client = createClient({
        provider: openai({ apiKey: 'key', baseURL: url }),
        retry: { maxAttempts: 1 },
        timeout: { total: 8_000 },
        breakers,
        cooldowns,
        budget,
      });
      return lastValueFrom(client.stream(request).pipe(result())).then(
        ({ text }) => text,
        (error) => error.category as string,
      );
    };
    return { breakers, cooldowns, budget, told, sharing, call, gate: cooldowns.get('openai', 'm'), breaker: breakers.get('openai', 'm') };
  }

  const serve = async (...script: Parameters<typeof startFaultServer>): Promise<FaultServer> => {
    const server = await startFaultServer(...script);
    open.push(() => server.close());
    return server;
  };

  describe('between processes', () => {
    it('a 429 that one of them got holds back the other within about a second', async () => {
      fresh();
      const server = await serve({ status: 429, headers: { 'retry-after': '60' } });
      const [one, two] = [start(), start()];
      await Promise.all([one.knows(2), two.knows(2)]);
      expect(await one.call(server.url)).toMatchObject({ category: 'rate-limit' });
      const since = performance.now();
      expect(await two.told.type('learned')).toMatchObject({ kind: 'cooldown', scope: 'provider', provider: 'openai', model: 'm' });
      // A second and a quarter, and what a machine with other things to do may add.
      expect(performance.now() - since).toBeLessThan(4_000);
      const refused = await two.call(server.url);
      expect(refused).toMatchObject({ category: 'limit-exceeded' });
      expect(refused.retryAfterMs).toBeGreaterThan(50_000);
      expect(server.requests, 'the second asked nobody').toHaveLength(1);
    });

    it('a failure of one opens no other’s breaker, and that of two of three does', async () => {
      fresh();
      const server = await serve({ text: 'Hello' });
      const nobody = await serve({ text: 'Hello' });
      await nobody.close();
      const [one, two, three] = [start(), start(), start()];
      await Promise.all([one, two, three].map((each) => each.knows(3)));
      for (let each = 0; each < 5; each++) expect(await one.call(nobody.url)).toMatchObject({ category: 'network' });
      expect(await one.state()).toMatchObject({ breaker: 'open' });
      // Two rounds and more.
      await delay(2_600);
      for (const each of [two, three]) {
        expect(await each.state()).toMatchObject({ breaker: 'closed' });
        expect(await each.call(server.url)).toMatchObject({ text: 'Hello' });
      }
      for (let each = 0; each < 5; each++) await two.call(nobody.url);
      expect(await three.told.type('learned')).toMatchObject({ kind: 'failure', scope: 'node', nodes: 2 });
      expect(await three.state()).toMatchObject({ breaker: 'open' });
      expect(await three.call(server.url)).toMatchObject({ category: 'circuit-open' });
    });

    it('what one found out outlives it, and one that unsubscribes and closes ends by itself', async () => {
      fresh();
      const server = await serve({ status: 429, headers: { 'retry-after': '60' } });
      const first = start();
      await first.knows(1);
      await first.call(server.url);
      await delay(300);
      await first.kill();
      const second = start();
      await second.told.type('learned');
      expect((await second.state()).waitMs).toBeGreaterThan(45_000);
      second.finish();
      expect(await second.ended).toEqual([0, null]);
    });
  });

  it('retries are charged to all', async () => {
    fresh();
    const [one, two] = [join(), join()];
    await Promise.all([one, two].map(({ told }) => told.first((event) => event.type === 'shared' && event.nodes === 2)));
    for (let each = 0; each < 10; each++) one.budget.take({ provider: 'openai' });
    await expect.poll(() => two.budget.remaining({ provider: 'openai' }).provider).toBeLessThan(1);
    expect(two.budget.take({ provider: 'openai' })).toBe(false);
  });

  it('a Redis that is frozen is waited for by nobody', async () => {
    fresh();
    const server = await serve([{ text: 'Hello' }, { status: 429, headers: { 'retry-after': '60' } }]);
    const one = join(exchangeOf(300));
    await one.told.type('shared');
    redis.freeze();
    try {
      // Nothing of this gives anybody else a turn.
      const admission = one.breaker.acquire();
      expect('permit' in admission).toBe(true);
      if ('permit' in admission) admission.permit.finish();
      expect([one.gate.waitFor(), one.budget.take({ provider: 'openai' })]).toEqual([0, true]);
      expect(await one.call(server.url)).toBe('Hello');
      expect(await one.told.type('degraded')).toMatchObject({ error: { category: 'timeout', code: 'command-timeout' } });
      expect(await one.call(server.url)).toBe('rate-limit');
      expect(await one.call(server.url)).toBe('limit-exceeded');
      expect(one.told.values.map(({ type }) => type)).toEqual(['shared', 'degraded']);
    } finally {
      redis.thaw();
    }
    await one.told.type('shared', 2);
  });

  it('a Redis that is away costs nobody an answer, and what was found out meanwhile is told when it is back', async () => {
    fresh();
    const server = await serve([{ text: 'Hello' }, { status: 429, headers: { 'retry-after': '60' } }]);
    const [one, two] = [join(), join()];
    await Promise.all([one, two].map(({ told }) => told.first((event) => event.type === 'shared' && event.nodes === 2)));
    const { length } = two.told.values;
    await redis.kill();
    expect(await one.call(server.url)).toBe('Hello');
    expect(await one.call(server.url)).toBe('rate-limit');
    expect(await one.call(server.url)).toBe('limit-exceeded');
    await Promise.all([one, two].map(({ told }) => told.type('degraded')));
    expect(two.gate.waitFor()).toBe(0);
    await redis.begin();
    await two.told.type('learned', length);
    expect(two.gate.waitFor()).toBeGreaterThan(40_000);
  });

  it('a Redis that was never there is told of, and may be left at any time', async () => {
    const exchange = redisEvidence({ client: createRedis({ url: 'redis://127.0.0.1:1' }) });
    const told = await firstValueFrom(shareResilience({ exchange }));
    expect(told).toMatchObject({ type: 'degraded', error: { category: 'network', code: 'ECONNREFUSED' } });
    await exchange.close();
  });

  it('works with a client of ioredis', async () => {
    fresh();
    const client = new Redis(redis.url, { lazyConnect: true });
    const exchange = redisEvidence({ client: fromIoredis(client), prefix });
    open.push(() => exchange.close());
    const [one, two] = [join(exchange), join()];
    await one.told.first((event) => event.type === 'shared' && event.nodes === 2);
    const server = await serve({ status: 429, headers: { 'retry-after': '60' } });
    await two.call(server.url);
    await one.told.type('learned');
    client.disconnect();
  });

  describe('in Redis', () => {
    const ask = (...command: string[]) => redis.ask(...command);

    it('is kept for as long as it holds, and then gone with its keys', async () => {
      fresh();
      const exchange = exchangeOf();
      const cooldown = { kind: 'cooldown' as const, scope: 'provider' as const, provider: 'p', model: 'm', forMs: 400 };
      expect(await exchange.exchange([cooldown], 'a', 400)).toEqual([]);
      const [seen, ...others] = await seenBy(exchange.exchange([], 'b', 100));
      expect([seen?.node, seen?.evidence, others]).toEqual(['a', [cooldown], []]);
      expect(seen?.ageMs).toBeLessThan(400);
      const keys = (await ask('KEYS', `${prefix}*`)) as string[];
      expect(keys.sort()).toEqual([`${prefix}{evidence}:reports`, `${prefix}{evidence}:until`]);
      for (const key of keys) expect(await ask('PTTL', key)).toBeLessThanOrEqual(400);
      await delay(450);
      expect(await ask('KEYS', `${prefix}*`)).toEqual([]);
    });

    it('takes the place of what the same process put up before', async () => {
      fresh();
      const exchange = exchangeOf();
      const cooldown = (forMs: number) => ({ kind: 'cooldown' as const, scope: 'provider' as const, provider: 'p', model: 'm', forMs });
      await exchange.exchange([cooldown(5_000)], 'a', 60_000);
      await exchange.exchange([cooldown(9_000)], 'a', 60_000);
      const [seen] = await seenBy(exchange.exchange([], 'b', 100));
      expect(seen?.evidence).toEqual([cooldown(9_000)]);
    });

    it('is bounded: in processes, and in what each puts up', async () => {
      fresh();
      const exchange = exchangeOf(10_000);
      for (let each = 0; each < 1_050; each++) await exchange.exchange([], `n${each}`, 60_000 + each);
      expect(await ask('ZCARD', `${prefix}{evidence}:until`)).toBe(1_000);
      expect(await ask('HLEN', `${prefix}{evidence}:reports`)).toBe(1_000);
      const many = Array.from({ length: 1_000 }, (_, index) => ({
        kind: 'cooldown' as const,
        scope: 'provider' as const,
        provider: 'p'.repeat(200),
        model: String(index),
        forMs: 5_000,
      }));
      await exchange.exchange(many, 'large', 90_000);
      expect(await ask('HSTRLEN', `${prefix}{evidence}:reports`, 'large')).toBeLessThan(66_000);
    });

    it('that others wrote is left out', async () => {
      fresh();
      const exchange = exchangeOf();
      await exchange.exchange([], 'a', 60_000);
      const reports = `${prefix}{evidence}:reports`;
      for (const [node, text] of Object.entries({ b: 'garbage', c: '1 {', d: '1 {}', e: '1 7', f: '1 []' }))
        await ask('HSET', reports, node, text);
      const seen = await seenBy(exchange.exchange([], 'a', 60_000));
      expect(seen.map(({ node }) => node)).toEqual(['f']);
      await ask('DEL', reports);
      await ask('SET', reports, 'text');
      await expect(exchange.exchange([], 'a', 60_000)).rejects.toMatchObject({ category: 'network', code: 'WRONGTYPE' });
    });
  });

  it.each([
    [{}, 'client'],
    [{ client: {} }, 'client'],
    [{ client: createRedis(), prefix: 5 }, 'prefix'],
    [{ client: createRedis(), commandTimeout: 0 }, 'commandTimeout'],
    [{ client: createRedis(), ttl: 5 }, 'ttl'],
  ])('an option that is wrong is named', (options, field) => {
    expect(() => redisEvidence(options as never)).toThrow(TypeError);
    expect(() => redisEvidence(options as never)).toThrow(`redisEvidence: ${field}`);
  });
});

function seenBy(reports: ReturnType<EvidenceExchange['exchange']>): Promise<readonly NodeEvidence[]> {
  return lastValueFrom(from(reports));
}
