import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { packedPackage, root } from './packed-package.ts';

/** Every entry, and the packages it asks for. What is not `rxjs`, `zod` or `eventsource-parser` is an optional peer of that entry alone. */
const entries: Record<string, readonly string[]> = {
  '.': ['eventsource-parser', 'rxjs', 'zod'],
  './ag-ui': ['eventsource-parser', 'rxjs', 'zod'],
  './ai-sdk': ['eventsource-parser', 'rxjs', 'zod'],
  './angular': ['@angular/core', 'eventsource-parser', 'rxjs', 'zod'],
  './inspector': ['eventsource-parser', 'node:', 'rxjs', 'zod'],
  './nest': ['@nestjs/common', 'eventsource-parser', 'rxjs', 'zod'],
  './node': ['eventsource-parser', 'rxjs', 'zod'],
  './opentelemetry': ['@opentelemetry/api', 'eventsource-parser', 'rxjs', 'zod'],
  './prometheus': ['prom-client', 'zod'],
  './redis': ['eventsource-parser', 'node:', 'rxjs', 'zod'],
  './store': [],
  './testing': ['eventsource-parser', 'node:', 'rxjs', 'zod'],
};

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { default?: string; import?: { default: string } } | string>;
};

let packed: string;
beforeAll(async () => {
  packed = await packedPackage();
}, 120_000);

/** What the built entry imports, over all chunks: packages by name, Node's own as `node:`. */
async function importsOf(entry: string): Promise<readonly string[]> {
  const target = manifest.exports[entry];
  if (typeof target !== 'object') throw new Error(`${entry} is not an entry`);
  const file = target.import?.default ?? target.default ?? '';
  const { metafile } = await build({
    entryPoints: [join(packed, file)],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    packages: 'external',
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports.filter(({ external }) => external));
  return [...new Set(imports.map(({ path }) => packageOf(path)))].sort();
}

function packageOf(path: string): string {
  if (path.startsWith('node:') || builtinModules.includes(path)) return 'node:';
  return path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');
}

describe('an entry of the package as it is published', () => {
  it('is described here, so that nothing is published that is not looked at', () => {
    const published = Object.keys(manifest.exports).filter((entry) => entry !== './package.json');
    expect(published.sort()).toEqual(Object.keys(entries).sort());
  });

  it.each(Object.entries(entries))('%s asks for what it needs, and nothing else', async (entry, needed) => {
    expect(await importsOf(entry)).toEqual(needed);
  });

  it('brings no page the languages of zod, which are more than all else', async () => {
    const { metafile } = await build({
      stdin: { contents: `export { createClient, relay } from ${JSON.stringify(join(packed, 'dist/index.js'))}`, resolveDir: root },
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
    });
    const [output] = Object.values(metafile.outputs);
    const languages = Object.entries(output?.inputs ?? {}).filter(
      ([path, { bytesInOutput }]) => path.includes('/locales/') && bytesInOutput > 0,
    );
    expect(languages.map(([path]) => path.split('/').at(-1))).toEqual(['en.js']);
  });
});
