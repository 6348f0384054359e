import { format } from 'node:util';
import { registered } from './block-tests.ts';
import { startLoopback } from './loopback.ts';

/** What the parent asks for: programs, one after the other. */
export interface Run {
  readonly programs: readonly { readonly where: string; readonly path: string }[];
  readonly redisPort: number | undefined;
}

/** What it is told of each: what went wrong. */
export interface Ran {
  readonly where: string;
  readonly problems: readonly string[];
}

const patience = 10_000;
let problems: string[] = [];
const wrong = (what: string, error: unknown) => problems.push(`${what}: ${format('%s', error instanceof Error ? error.stack : error)}`);

process.on('uncaughtException', (error) => wrong('uncaught', error));
process.on('unhandledRejection', (error) => wrong('unhandled rejection', error));
console.error = (...words: unknown[]) => wrong('console.error', format(...words));
console.warn = (...words: unknown[]) => wrong('console.warn', format(...words));
console.log = () => undefined;
// What a block prints is not what this process says.
process.stdout.write = () => true;

process.once('message', async ({ programs, redisPort }: Run) => {
  const loopback = await startLoopback(redisPort);
  for (const { where, path } of programs) {
    problems = [];
    await withPatience(import(path), 'it does not end').catch((error: unknown) => wrong('failed', error));
    for (const { name, run } of registered.splice(0)) {
      await withPatience(Promise.resolve().then(run), 'its test does not end').catch((error: unknown) => wrong(`test "${name}"`, error));
    }
    await withPatience(loopback.quiet(), 'an answer does not end').catch((error: unknown) => wrong('afterwards', error));
    // RxJS reports errors that nobody takes a macrotask later.
    await new Promise((resolve) => setTimeout(resolve, 20));
    loopback.closeServers();
    problems.push(...loopback.strangers.splice(0).map((address) => `it asked ${address}`));
    process.send?.({ where, problems } satisfies Ran);
  }
  await loopback.close();
  process.exit(process.exitCode ?? 0);
});

async function withPatience(work: Promise<unknown>, words: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(words)), patience);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
