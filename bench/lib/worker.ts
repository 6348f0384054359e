import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);

/** Beside the bench's own packages, so that the bundle finds them, and out of git's sight. */
const folder = new URL('../node_modules/.bundles/', import.meta.url);

/**
 * Bundles a script of the bench and returns its path.
 *
 * Not run by `tsx`, which wraps every closure to keep its name, and so makes closures cost what they do not cost in the package.
 * Packages stay outside, as they do in `dist`.
 */
export async function bundle(entry: URL): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const outfile = fileURLToPath(new URL(`${entry.pathname.split('/').pop()?.replace(/\.ts$/, '')}.mjs`, folder));
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    logLevel: 'error',
  });
  return outfile;
}

/** Runs a bundle in a process of its own and returns what it prints, which is JSON. */
export async function ask<T>(script: string, job: unknown, flags: readonly string[] = []): Promise<T> {
  const { stdout } = await run(process.execPath, [...flags, script, JSON.stringify(job)], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as T;
}

/** Whether packages are installed where the bench looks for them. */
export function missing(names: readonly string[]): string[] {
  return names.filter((name) => {
    try {
      import.meta.resolve(name);
      return false;
    } catch {
      return true;
    }
  });
}
