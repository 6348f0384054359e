import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const { OPENAI_API_KEY: _openai, ANTHROPIC_API_KEY: _anthropic, REDIS_URL: _redis, ...environment } = process.env;

// However the tests end, these end with them.
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** An example's server as a process of its own, at an address that stays the same over its restarts. */
export class ServerProcess {
  readonly #directory: string;
  readonly #main: string;
  readonly #variables: Record<string, string>;
  readonly port: number;
  #child: ChildProcess | undefined;
  output = '';

  private constructor(directory: string, main: string, port: number, variables: Record<string, string>) {
    this.#directory = directory;
    this.#main = main;
    this.port = port;
    this.#variables = { ...variables, PORT: String(port) };
  }

  static async start(directory: string, main: string, variables: Record<string, string> = {}): Promise<ServerProcess> {
    const server = new ServerProcess(directory, main, await freePort(), variables);
    await server.begin();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it (anew), and waits until it listens. */
  async begin(): Promise<void> {
    const child = spawn(process.execPath, ['--import', 'tsx', this.#main], {
      cwd: this.#directory,
      env: { ...environment, ...this.#variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    children.add(child);
    child.once('exit', () => children.delete(child));
    const listening = new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          this.output += text;
          if (text.includes(this.url)) resolve();
        });
      }
      child.once('error', reject).once('exit', () => reject(new Error(`the server has ended: ${this.output}`)));
    });
    await listening;
  }

  /** Ends it, and resolves with its status once it has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [status] = (await exited) as [number | null];
    return status;
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
