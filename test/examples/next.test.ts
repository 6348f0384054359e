import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe } from 'vitest';
import { root, startServer, testsOfServer } from './server-example.ts';

let copy: string;

/** The example as a project of its own, with all that is installed here, and the library as a package: Next takes what is below `node_modules` for built. */
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'steadystream-next-'));
  await cp(join(root, 'examples/next'), copy, { recursive: true });
  await mkdir(join(copy, 'node_modules'));
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) await symlink(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  }
  // What is linked is outside of the project.
  await writeFile(join(copy, 'next.config.mjs'), `export default { turbopack: { root: '/' } };`);
  const library = join(copy, 'node_modules/steadystream');
  await build({
    entryPoints: { index: join(root, 'src/index.ts'), testing: join(root, 'src/testing/index.ts') },
    outdir: library,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    external: ['node:*', 'rxjs', 'rxjs/testing', 'zod', 'eventsource-parser', 'eventsource-parser/stream'],
    logLevel: 'silent',
  });
  const exports = { '.': './index.js', './testing': './testing.js' };
  await writeFile(join(library, 'package.json'), JSON.stringify({ name: 'steadystream', type: 'module', exports }));
}, 60_000);

afterAll(() => rm(copy, { recursive: true, force: true, maxRetries: 5 }));

const start = async (variables: Record<string, string>) => {
  const next = [join(root, 'node_modules/next/dist/bin/next'), 'dev', '--hostname', '127.0.0.1', '--port', '0'];
  const server = await startServer(next, { NEXT_TELEMETRY_DISABLED: '1', ...variables }, copy);
  // It compiles a route when it is asked for first.
  await (await fetch(`${server.url}/api/chat/none`)).text();
  await (await fetch(`${server.url}/api/once`, { method: 'POST', body: '{}' })).text();
  return server;
};

describe('the example of Next', () => {
  testsOfServer(start);
});
