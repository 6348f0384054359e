import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesUnder, pages } from './blocks.ts';

const run = promisify(execFile);
const { paths } = JSON.parse(readFileSync('tsconfig.json', 'utf8')).compilerOptions as { paths: Record<string, unknown> };

describe('the site', () => {
  const site = mkdtempSync(join(tmpdir(), 'steadystream-site-'));
  let problem: string | undefined;
  beforeAll(async () => {
    const typedoc = ['node_modules/typedoc/bin/typedoc', '--options', 'docs/site/typedoc.config.mjs', '--out', site];
    problem = await run(process.execPath, typedoc).then(
      () => undefined,
      ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
    );
  }, 300_000);
  afterAll(() => rmSync(site, { recursive: true, force: true }));

  it('is built without a warning: every link has a target, and every public symbol a doc comment', () => {
    expect(problem).toBeUndefined();
  });

  it('has every entry under the name that it is imported by', () => {
    const modules = filesUnder(`${site}/modules`, '.html').map((file) =>
      /<h1>Module ([^<]+)/.exec(readFileSync(file, 'utf8'))?.[1]?.trim(),
    );
    expect(modules.sort()).toEqual(Object.keys(paths).sort());
  });

  it('has every page of docs/ and marbles/, where its file is', () => {
    const expected = [...pages.filter((page) => page.startsWith('docs/')), ...filesUnder('marbles', '.md')];
    const missing = expected.filter((page) => !existsSync(`${site}/${page.replace(/(?:\/README)?\.md$/, '.html')}`));
    expect(missing).toEqual([]);
  });

  it('has nothing that leads nowhere', () => {
    const lost = new Set<string>();
    const built = filesUnder(site, '.html');
    expect(built.length).toBeGreaterThan(100);
    for (const page of built) {
      for (const [, target = ''] of readFileSync(page, 'utf8').matchAll(/(?:href|src)="([^"#]+)[^"]*"/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const file = join(dirname(page), decodeURI(target.split('?')[0] ?? ''));
        if (!existsSync(file)) lost.add(`${page.slice(site.length + 1)}: ${target}`);
      }
    }
    expect([...lost]).toEqual([]);
  });
});
