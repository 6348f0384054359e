import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisServer } from '../redis/redis-server.ts';
import { type BlockModule, moduleOf } from './block-modules.ts';
import { blocksOf, examplesOf, filesUnder, isCode, pages, where } from './blocks.ts';
import { type Bundle, bundleBlocks } from './bundle-blocks.ts';
import { compileBlocks } from './compile-blocks.ts';
import type { Ran, Run } from './run-blocks.ts';

const blocks = pages.flatMap((page) => blocksOf(page));
const examples = filesUnder('src', '.ts').flatMap(examplesOf);
const code = [...blocks, ...examples].filter(isCode);
const modules = code.map(moduleOf);
const files = [...new Set(code.map(({ file }) => file))];

/** Pages each have a process of their own; of doc comments, those of a folder have one. */
const groups = new Map<string, BlockModule[]>();
for (const module of modules) {
  const { file, compiledOnly } = module.block;
  const name = file.endsWith('.md') ? file : file.split('/').slice(0, -1).slice(0, 2).join('/');
  if (compiledOnly === undefined) groups.set(name, [...(groups.get(name) ?? []), module]);
}

let problems: ReadonlyMap<BlockModule, readonly string[]>;
beforeAll(() => {
  problems = compileBlocks(modules);
}, 300_000);
const compiles = (module: BlockModule) => problems.get(module)?.length === 0;

describe('the code on pages and in doc comments', () => {
  it.each(files)('of %s compiles', (file) => {
    expect(modules.filter(({ block }) => block.file === file).flatMap((module) => problems.get(module) ?? [])).toEqual([]);
  });

  it('says where it is a file that it is that file', () => {
    for (const block of code) if (block.copyOf !== undefined) expect(block.code, where(block)).toBe(readFileSync(block.copyOf, 'utf8'));
  });

  it('has no hole in it', () => {
    expect(code.filter(({ code }) => /^\s*(?:\/\/ )?(?:…|\.\.\.)\s*$/m.test(code)).map(where)).toEqual([]);
  });
});

describe('run, the code', () => {
  let bundle: Bundle;
  let redis: RedisServer;
  beforeAll(async () => {
    [bundle, redis] = await Promise.all([bundleBlocks([...groups.values()].flat().filter(compiles)), RedisServer.start()]);
  }, 120_000);
  afterAll(async () => {
    bundle?.remove();
    await redis?.stop();
    const counts = { compiled: code.length, run: [...groups.values()].flat().length };
    console.info(`Blocks of code: ${counts.compiled} compiled, ${counts.run} run, ${counts.compiled - counts.run} compiled only:`);
    for (const block of code) if (block.compiledOnly !== undefined) console.info(`  ${where(block)}: ${block.compiledOnly}`);
  });

  it.each([...groups])('of %s does what it says, without a word of complaint', { timeout: 120_000 }, async (_name, group) => {
    expect(await runAll(group.filter(compiles))).toEqual([]);
    expect(group.filter((module) => !compiles(module)).map(({ block }) => `${where(block)}: not run, for it does not compile`)).toEqual([]);
  });

  async function runAll(group: readonly BlockModule[]): Promise<string[]> {
    const { NODE_ENV: _, VITEST: __, ...env } = process.env;
    const child = fork(bundle.runner, {
      cwd: bundle.directory,
      env: { ...env, ...keys, REDIS_URL: redis.url },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    const programs = group.map((module) => ({ where: where(module.block), path: bundle.programOf(module) }));
    const ran: Ran[] = [];
    let complaints = '';
    child.stderr?.on('data', (data) => {
      complaints += data;
    });
    child.on('message', (message) => ran.push(message as Ran));
    child.send({ programs, redisPort: redis.port } satisfies Run);
    const exit = await new Promise((resolve) => child.once('exit', resolve));
    const wrong = ran.flatMap(({ where, problems }) => problems.map((problem) => `${where}: ${problem}`));
    const unheard = programs.find(({ where }) => !ran.some((each) => each.where === where));
    if (unheard !== undefined) wrong.push(`${unheard.where}: the process ended with it: ${exit}`);
    else if (exit !== 0) wrong.push(`the process ended with ${exit}`);
    if (complaints !== '') wrong.push(complaints);
    return wrong;
  }
});

const keys = { OPENAI_API_KEY: 'sk-1', ANTHROPIC_API_KEY: 'sk-2', GEMINI_API_KEY: 'key-3', XAI_API_KEY: 'key-4', GROQ_API_KEY: 'key-5' };
