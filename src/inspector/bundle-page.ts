import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** The page as one script; for `tsup.config.ts`, and where this is run from source. */
export async function bundlePage(): Promise<string> {
  const uplot = createRequire(import.meta.url).resolve('uplot/package.json');
  const licence = await readFile(new URL('LICENSE', pathToFileURL(uplot)), 'utf8');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page/main.ts', import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    loader: { '.css': 'text' },
    // What is passed on is passed on with its licence.
    banner: { js: `/*! uPlot\n${licence.replaceAll('*/', '')}*/` },
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
