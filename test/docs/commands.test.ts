import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocksOf, pages, where } from './blocks.ts';

const blocks = pages.flatMap((page) => blocksOf(page));
const of = (...languages: readonly string[]) => blocks.filter(({ language }) => languages.includes(language));

interface Package {
  readonly name?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>> | string;
}

const packageIn = (folder: string): Package => {
  const file = join(folder, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Package) : {};
};
const root = packageIn('.');
const commands = new Set(['tsx', 'vitest', ...(typeof root.bin === 'string' ? [root.name ?? ''] : Object.keys(root.bin ?? {}))]);

describe('the other blocks of pages', () => {
  it('ask npm for scripts that there are, and run files and commands that there are', () => {
    const problems: string[] = [];
    for (const { file, line, code } of of('sh', 'bash', 'shell')) {
      // Of an example with a package of its own, the scripts are that package's.
      const scripts = { ...root.scripts, ...packageIn(dirname(file)).scripts };
      for (const [index, text] of code.split('\n').entries()) {
        const place = `${file}:${line + index}`;
        for (const [, script = ''] of text.matchAll(/\bnpm (?:run )?(?!install\b|ci\b|run\b)([\w:-]+)/g)) {
          if (!(script in scripts)) problems.push(`${place}: there is no script ${script}`);
        }
        for (const [, name = ''] of text.matchAll(/\bnpx (?!--)([\w./@-]+)/g)) {
          if (!commands.has(name)) problems.push(`${place}: there is no command ${name}`);
        }
        for (const [, name = ''] of text.matchAll(/\btsx ([\w./-]+)/g)) {
          if (!existsSync(name)) problems.push(`${place}: there is no ${name}`);
        }
      }
    }
    expect(problems).toEqual([]);
  });

  it('are JSON where they say so', () => {
    for (const block of of('json')) expect(() => JSON.parse(block.code) as unknown, where(block)).not.toThrow();
  });

  it('are TypeScript where they are code', () => {
    expect(of('js', 'javascript', 'jsx', 'mjs').map(where)).toEqual([]);
  });
});
