import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Tests import the entries by their public names, from source: the paths are those of the compiler.
const { paths } = JSON.parse(readFileSync(source('./tsconfig.json'), 'utf8')).compilerOptions as { paths: Record<string, [string]> };

export default defineConfig({
  resolve: {
    alias: Object.entries(paths).map(([name, [path]]) => ({ find: new RegExp(`^${name}$`), replacement: source(path) })),
  },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 20_000,
  },
});
