/**
 * What each entry, and each export of the core entry, adds to an application, minified and gzipped: `npx tsx bench/size.ts`.
 *
 * Without peers: rxjs, zod and a framework are the application's own. With `--exports`, every export of the core entry by itself.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import * as core from '../src/index.ts';
import { bundlePage } from '../src/inspector/bundle-page.ts';
import { table } from './lib/stats.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { paths } = JSON.parse(readFileSync(`${root}/tsconfig.json`, 'utf8')).compilerOptions as { paths: Record<string, [string]> };
const { peerDependencies } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { peerDependencies: Record<string, string> };
const peers = [...Object.keys(peerDependencies), 'zod'];

const page = JSON.stringify(await bundlePage());

/** The size of a module, as cells of a table. */
async function sizeOf(contents: string, external: readonly string[] = []): Promise<readonly [string, string]> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    define: { STEADYSTREAM_INSPECTOR_PAGE: page },
    external: ['node:*', ...external, ...external.map((name) => `${name}/*`)],
    logLevel: 'error',
  });
  const bytes = outputFiles[0]?.contents ?? new Uint8Array();
  const kibibytes = (length: number): string => `${(length / 1_024).toFixed(1)} KiB`;
  return [kibibytes(bytes.byteLength), kibibytes(gzipSync(bytes, { level: 9 }).byteLength)];
}

const source = (name: string): string => JSON.stringify(`${root}/${paths[name]?.[0]}`);
const everything = (name: string): string => `export * from ${source(name)}`;
const only = (...names: string[]): string => `export { ${names.join(', ')} } from ${source('steadystream')}`;

const rows: (readonly string[])[] = [['entry, without peers and zod', 'minified', 'gzipped']];
for (const name of Object.keys(paths)) rows.push([name, ...(await sizeOf(everything(name), peers))]);
process.stdout.write(`${table(rows)}\n\n`);

const programs: (readonly string[])[] = [['of the core entry, without rxjs and zod', 'minified', 'gzipped']];
programs.push(['createClient, openai', ...(await sizeOf(only('createClient', 'openai'), peers))]);
programs.push(['createClient, relay, viewState', ...(await sizeOf(only('createClient', 'relay', 'viewState'), peers))]);
programs.push(['backoff', ...(await sizeOf(only('backoff'), peers))]);
programs.push(['streamTimeout', ...(await sizeOf(only('streamTimeout'), peers))]);
if (process.argv.includes('--exports')) {
  for (const name of Object.keys(core).sort()) programs.push([name, ...(await sizeOf(only(name), peers))]);
}
process.stdout.write(`${table(programs)}\n`);
