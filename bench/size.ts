/**
 * The size of the core entry, minified and gzipped: `npx tsx bench/size.ts`.
 *
 * rxjs is the application's own, and zod usually too; eventsource-parser comes with us.
 */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { table } from './lib/stats.ts';

const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url));

async function sizeOf(contents: string, external: string[]): Promise<readonly [string, string]> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: [...external, 'rxjs/*', 'zod/*'],
  });
  const bytes = outputFiles[0]?.contents ?? new Uint8Array();
  const kilobytes = (length: number): string => `${(length / 1_024).toFixed(2)} KiB`;
  return [kilobytes(bytes.byteLength), kilobytes(gzipSync(bytes, { level: 9 }).byteLength)];
}

const everything = `export * from ${JSON.stringify(entry)}`;
const one = `export { createClient, openai } from ${JSON.stringify(entry)}`;
const rows = [['core entry', 'minified', 'gzipped']];
rows.push(['without rxjs, zod, eventsource-parser', ...(await sizeOf(everything, ['rxjs', 'zod', 'eventsource-parser']))]);
rows.push(['without rxjs, zod', ...(await sizeOf(everything, ['rxjs', 'zod']))]);
rows.push(['createClient and openai alone, without rxjs, zod', ...(await sizeOf(one, ['rxjs', 'zod']))]);
rows.push(['everything but rxjs', ...(await sizeOf(everything, ['rxjs']))]);
process.stdout.write(`${table(rows)}\n`);
