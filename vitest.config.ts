import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^steadystream$/, replacement: source('./src/index.ts') },
      { find: /^steadystream\/redis$/, replacement: source('./src/redis/index.ts') },
      { find: /^steadystream\/store$/, replacement: source('./src/recovery/store.ts') },
      { find: /^steadystream\/node$/, replacement: source('./src/node/index.ts') },
      { find: /^steadystream\/testing$/, replacement: source('./src/testing/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 20_000,
  },
});
