import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packedPackage } from './packed-package.ts';

let packed: string;
beforeAll(async () => {
  packed = await packedPackage();
}, 120_000);

describe('the package as it is published for CommonJS', () => {
  it('has no private field that was taken for an export of its name', async () => {
    const names = (await readdir(join(packed, 'dist'))).filter((name) => name.endsWith('.cjs'));
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      const code = await readFile(join(packed, 'dist', name), 'utf8');
      expect(code.match(/#\w* ?=\s*exports\b.*|this\.#\(.*/g) ?? [], name).toEqual([]);
    }
  });
});
