import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startFaultServer } from 'steadystream/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packedPackage, root } from './packed-package.ts';

const run = promisify(execFile);

/** Entries that need no peer but rxjs. */
const complete = ['', '/ag-ui', '/ai-sdk', '/inspector', '/node', '/redis', '/store', '/testing'];
const withPeer = [
  ['/angular', '@angular/core'],
  ['/nest', '@nestjs/common'],
  ['/opentelemetry', '@opentelemetry/api'],
  ['/prometheus', 'prom-client'],
] as const;

let project: string;

// Outside of the repository, where no other package can be found.
beforeAll(async () => {
  const packed = await packedPackage();
  project = await mkdtemp(join(tmpdir(), 'steadystream-bare-'));
  const modules = join(project, 'node_modules');
  await mkdir(modules);
  await cp(packed, join(modules, 'steadystream'), { recursive: true });
  for (const name of ['rxjs', 'tslib', 'zod', 'eventsource-parser']) {
    await cp(join(root, 'node_modules', name), join(modules, name), { recursive: true });
  }
  await writeFile(join(project, 'package.json'), '{ "name": "application", "private": true, "type": "module" }');
}, 120_000);

afterAll(() => rm(project, { recursive: true, force: true }));

async function node(program: string, type: 'module' | 'commonjs' = 'module') {
  return run(process.execPath, [`--input-type=${type}`, '-e', program], { cwd: project });
}

describe('an installation without any optional peer', () => {
  it.each(complete)('imports and requires steadystream%s', async (entry) => {
    const imported = await node(`console.log(Object.keys(await import('steadystream${entry}')).sort().join())`);
    const required = await node(`console.log(Object.keys(require('steadystream${entry}')).sort().join())`, 'commonjs');
    expect(imported.stdout.length).toBeGreaterThan(5);
    expect(required.stdout).toBe(imported.stdout);
  });

  it.each(withPeer)('is told by steadystream%s which package it wants', async (entry, peer) => {
    await expect(node(`await import('steadystream${entry}')`)).rejects.toMatchObject({
      stderr: expect.stringMatching(new RegExp(`ERR_MODULE_NOT_FOUND|Cannot find package '${peer}'`)),
    });
    await expect(node(`await import('steadystream${entry}')`)).rejects.toMatchObject({ stderr: expect.stringContaining(`'${peer}'`) });
  });

  it('type-checks a program over the core entry, its declarations included', async () => {
    await writeFile(
      join(project, 'program.ts'),
      `import { createClient, openai, textDeltas } from 'steadystream';
       import { memoryStore } from 'steadystream';
       import { redisStore } from 'steadystream/redis';
       const client = createClient({ provider: openai({ apiKey: 'test' }) });
       client.stream({ model: 'm-1', messages: [{ role: 'user', content: 'Hello' }] }).pipe(textDeltas()).subscribe((text: string) => text);
       export const stores = [memoryStore(), redisStore];`,
    );
    const words = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2023,dom,dom.iterable', 'program.ts'];
    const { stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...words], { cwd: project }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  }, 60_000);

  it('runs the command, which needs nothing else', async () => {
    const server = await startFaultServer([{ text: 'Hello there' }]);
    const command = join(project, 'node_modules/steadystream/dist/command.js');
    const { stdout, stderr } = await run(process.execPath, [command, '--base-url', server.url, 'Hello'], {
      cwd: project,
      env: { ...process.env, OPENAI_API_KEY: 'test' },
    });
    await server.close();
    expect(stdout).toBe('Hello there\n');
    expect(stderr).toContain('done in');
  });
});
