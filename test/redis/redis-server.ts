import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { describe } from 'vitest';

const missing =
  spawnSync('redis-server', ['--version']).status === 0 ? undefined : 'redis-server is not installed: apt-get install redis-server';
const isLeftOut = missing !== undefined && !process.env.CI;
if (isLeftOut) console.warn(`The tests of redisStore() are left out: ${missing}`);

/** Tests that need a Redis. Without one they say so, and fail in CI. */
export const describeWithRedis = isLeftOut ? describe.skip : describe;

// However the tests end, these end with them.
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export interface RedisServerOptions {
  /** Keep what is written over a restart. */
  readonly isPersistent?: boolean;
  /** As `maxmemory` of its configuration. */
  readonly maxmemory?: string;
  readonly policy?: string;
}

/** A real Redis in a process of its own, on the loopback address and a free port. */
export class RedisServer {
  readonly port: number;
  readonly #directory: string;
  readonly #options: RedisServerOptions;
  #process: ChildProcess | undefined;

  private constructor(port: number, directory: string, options: RedisServerOptions) {
    this.port = port;
    this.#directory = directory;
    this.#options = options;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    if (missing) throw new Error(missing);
    const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), 'steadystream-redis-')), options);
    await server.begin();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it (anew), and waits until it answers. */
  async begin(): Promise<void> {
    const { isPersistent, maxmemory = '0', policy = 'noeviction' } = this.#options;
    const where = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#directory];
    const keep = ['--save', '', '--appendonly', isPersistent ? 'yes' : 'no', '--appendfsync', 'always'];
    const memory = ['--maxmemory', maxmemory, '--maxmemory-policy', policy];
    const child = spawn('redis-server', [...where, ...keep, ...memory, '--daemonize', 'no'], { stdio: 'ignore' });
    this.#process = child;
    children.add(child);
    child.once('exit', () => children.delete(child));
    for (let attempt = 0; attempt < 200; attempt++) {
      try {
        if ((await this.ask('PING')) === 'PONG') return;
      } catch {
        await delay(25);
      }
    }
    throw new Error('redis-server did not start');
  }

  /** As a crash: nothing is written any more. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** One command over a connection of its own. */
  async ask(...command: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, RESP: 2, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
