import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as rxjs from 'rxjs';
import { describe, expect, it } from 'vitest';
import { loadMarbles } from '../src/testing/marbles/index.ts';

const folder = new URL('../marbles/', import.meta.url);

/** The public surface, as far as it is written. */
async function exportsOf(path: string): Promise<Record<string, unknown>> {
  const url = new URL(path, import.meta.url);
  return existsSync(url) ? import(/* @vite-ignore */ fileURLToPath(url)) : {};
}

const scope = { ...rxjs, ...(await exportsOf('../src/index.ts')), ...(await exportsOf('../src/testing/index.ts')), expect };

const files = readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md');
const drawings = new Set(['README-1.svg', 'README-2.svg']);

for (const file of files) {
  const marbles = loadMarbles(readFileSync(new URL(file, folder), 'utf8'), { scope, file: `marbles/${file}` });
  describe(file, () => {
    marbles.forEach((marble, index) => {
      const drawing = `${file.slice(0, -'.md'.length)}-${index + 1}.svg`;
      drawings.add(drawing);
      it(marble.title, async () => {
        marble.run();
        await expect(marble.draw()).toMatchFileSnapshot(`../marbles/svg/${drawing}`);
        expect(marble.picture, `marbles/${file}:${marble.line}: write ![](svg/${drawing}) under the fence`).toBe(`svg/${drawing}`);
      });
    });
  });
}

describe('the drawings', () => {
  it('belong to a diagram, each of them', () => {
    const drawn = existsSync(new URL('svg/', folder)) ? readdirSync(new URL('svg/', folder)) : [];
    expect(drawn.filter((drawing) => !drawings.has(drawing))).toEqual([]);
  });
});
