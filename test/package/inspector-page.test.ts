import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { packedPackage } from './packed-package.ts';

const run = promisify(execFile);

let packed: string;
beforeAll(async () => {
  packed = await packedPackage();
}, 120_000);

/** What a program that is nothing but this says, where only the package is. */
async function say(kind: 'module' | 'commonjs', imports: string): Promise<unknown> {
  const program = `${imports}
    startInspector({ client: { lifecycle$: NEVER }, port: 0 }).then(async ({ url, close }) => {
      const page = await (await fetch(url)).text();
      const script = await (await fetch(url + '/inspector.js')).text();
      console.log(JSON.stringify({ page: page.includes('/inspector.js'), length: script.length, licence: script.includes('Leon Sorokin') }));
      await close();
    });`;
  const { stdout } = await run(process.execPath, [`--input-type=${kind}`, '-e', program], { cwd: packed });
  return JSON.parse(stdout);
}

describe('the package as it is published', () => {
  it('holds the page, for ES modules and for CommonJS, and asks nobody for it', async () => {
    const served = { page: true, length: expect.any(Number), licence: true };
    const module = await say('module', `import { NEVER } from 'rxjs'; import { startInspector } from './dist/inspector.js';`);
    const commonjs = await say(
      'commonjs',
      `const { NEVER } = require('rxjs'); const { startInspector } = require('./dist/inspector.cjs');`,
    );
    expect(module).toEqual(served);
    expect(commonjs).toEqual(module);
    expect((module as { readonly length: number }).length).toBeGreaterThan(50_000);
  });
});
