import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    node: 'src/node/index.ts',
    redis: 'src/redis/index.ts',
    store: 'src/recovery/store.ts',
    testing: 'src/testing/index.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  external: [/^node:/, 'rxjs', 'rxjs/testing', 'zod', 'eventsource-parser'],
  dts: true,
  clean: true,
  sourcemap: true,
  splitting: true,
});
