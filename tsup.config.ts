import { transform } from 'esbuild';
import { defineConfig, type Options } from 'tsup';
import { bundlePage } from './src/inspector/bundle-page.ts';

// tsup's own conversion of shared chunks to CommonJS takes a private field for an export of its name: `this.#count = 0` wrote to `exports.count`.
const commonjs: NonNullable<Options['plugins']>[number] = {
  name: 'commonjs',
  async renderChunk(code, { path }) {
    if (this.format !== 'cjs') return undefined;
    return transform(code, { format: 'cjs', platform: 'node', target: 'es2022', sourcemap: 'external', sourcefile: path });
  },
};

const shared: Options = {
  target: 'es2022',
  platform: 'neutral',
  external: [/^node:/, 'rxjs', 'rxjs/testing', 'zod', 'eventsource-parser'],
  dts: true,
  sourcemap: true,
  splitting: true,
  plugins: [commonjs],
  // The inspector's page is a text within its entry: no file to find, no bundler of the user's to tell.
  define: { STEADYSTREAM_INSPECTOR_PAGE: JSON.stringify(await bundlePage()) },
};

export default defineConfig([
  {
    ...shared,
    entry: {
      index: 'src/index.ts',
      'ag-ui': 'src/ag-ui/index.ts',
      'ai-sdk': 'src/ai-sdk/index.ts',
      angular: 'src/angular/index.ts',
      inspector: 'src/inspector/index.ts',
      nest: 'src/nest/index.ts',
      node: 'src/node/index.ts',
      opentelemetry: 'src/telemetry/opentelemetry.ts',
      prometheus: 'src/telemetry/prometheus.ts',
      redis: 'src/redis/index.ts',
      store: 'src/recovery/store.ts',
      testing: 'src/testing/index.ts',
    },
    format: ['esm', 'cjs'],
    clean: true,
  },
  {
    // What the command draws with is in its bundle, so that nobody installs it for the library.
    ...shared,
    entry: { command: 'src/command/main.ts' },
    format: ['esm'],
    platform: 'node',
    external: ['steadystream', 'rxjs'],
    noExternal: ['log-update', 'wrap-ansi'],
    dts: false,
    sourcemap: false,
  },
]);
