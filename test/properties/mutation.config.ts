import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What Stryker runs: the tests that are quick, and each property a few times only. */
export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^steadystream$/, replacement: `${root}src/index.ts` },
      { find: /^steadystream\/testing$/, replacement: `${root}src/testing/index.ts` },
    ],
  },
  test: {
    include: ['test/{core,operators,policies,properties}/**/*.test.ts', 'test/marbles.test.ts'],
    // Rare ways through the whole pipeline cost more time than they kill mutants.
    exclude: ['test/properties/pipeline.test.ts'],
    env: { STEADYSTREAM_PROPERTY_RUNS: '200' },
    testTimeout: 20_000,
  },
});
