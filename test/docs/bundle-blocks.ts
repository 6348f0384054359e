import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { type BlockModule, entries } from './block-modules.ts';

const prelude = resolve('test/docs/prelude.ts');

/** The blocks as programs that Node runs, over one copy of the library, outside the repository. */
export interface Bundle {
  readonly directory: string;
  readonly runner: string;
  programOf(module: BlockModule): string;
  remove(): void;
}

export async function bundleBlocks(modules: readonly BlockModule[]): Promise<Bundle> {
  const directory = mkdtempSync(join(tmpdir(), 'steadystream-docs-'));
  for (const name of ['node_modules', 'marbles']) symlinkSync(resolve(name), join(directory, name));
  // Recordings that a page reads or writes.
  writeFileSync(join(directory, 'incident.ndjson'), '');
  const texts = new Map(modules.map(({ path, code }) => [path, code]));
  const nameOf = (path: string) => basename(path, extname(path)).replaceAll('.', '_');
  await build({
    entryPoints: [
      { in: resolve('test/docs/run-blocks.ts'), out: 'runner' },
      ...modules.map(({ path }) => ({ in: path, out: nameOf(path) })),
    ],
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, jsx: 'react-jsx', target: 'ES2022', useDefineForClassFields: false } },
    plugins: [
      {
        name: 'blocks',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /.*/ }, ({ path, kind, resolveDir, importer }) => {
            if (kind === 'entry-point') return { path };
            // A page's tests are run here by the runner of blocks.
            const entry = path === 'vitest' ? resolve('test/docs/block-tests.ts') : entries.get(path);
            if (entry !== undefined) return { path: entry };
            if (path.startsWith('.')) return { path: resolve(resolveDir, path) };
            return path.startsWith('/') ? { path } : { path, external: true, sideEffects: importer !== prelude };
          });
          onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
            const contents = texts.get(path);
            return contents === undefined ? undefined : { contents, loader: path.endsWith('x') ? 'tsx' : 'ts', resolveDir: dirname(path) };
          });
        },
      },
    ],
  });
  return {
    directory,
    runner: join(directory, 'runner.mjs'),
    programOf: ({ path }) => join(directory, `${nameOf(path)}.mjs`),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
