import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, pages } from './blocks.ts';

const all = [...new Set([...pages, 'CHANGELOG.md', ...filesUnder('marbles', '.md')])];

describe('the links of pages', () => {
  it.each(all)('of %s lead somewhere', (page) => {
    expect(linksOf(page).flatMap(({ line, target }) => problemOf(page, target).map((problem) => `${page}:${line}: ${problem}`))).toEqual(
      [],
    );
  });

  it('are there', () => {
    expect(linksOf('README.md').length).toBeGreaterThan(5);
  });
});

describe('the pages that doc comments name', () => {
  it('are there', () => {
    const missing: string[] = [];
    for (const file of filesUnder('src', '.ts')) {
      for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
        if (!/^\s*(?:\*|\/\*\*|\/\/)/.test(line)) continue;
        for (const [named] of line.matchAll(/\b(?:docs|marbles|examples|bench)\/[\w./-]+\.(?:md|ts|svg)\b/g)) {
          if (!existsSync(named)) missing.push(`${file}:${index + 1}: there is no ${named}`);
        }
      }
    }
    expect(missing).toEqual([]);
  });
});

interface Link {
  readonly line: number;
  readonly target: string;
}

function linksOf(page: string): Link[] {
  return withoutCode(page).flatMap((text, index) =>
    [...text.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|(?:src|href)="([^"]+)"|^\[[^\]]+\]: (\S+)/g)].map(([, a, b, c]) => ({
      line: index + 1,
      target: a ?? b ?? c ?? '',
    })),
  );
}

/** The lines of a page; those of its blocks are blank, and so is what stands between backticks. */
function withoutCode(page: string): string[] {
  let isCode = false;
  return readFileSync(page, 'utf8')
    .split('\n')
    .map((line) => {
      const isFence = /^\s*```/.test(line);
      if (isFence) isCode = !isCode;
      return isFence || isCode ? '' : line.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, (code) => code.replaceAll(/[[\]()]/g, ' '));
    });
}

function problemOf(page: string, target: string): string[] {
  if (/^[a-z][a-z+.-]*:/.test(target)) return [];
  const [path = '', anchor] = decodeURI(target).split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(file)) return [`there is no ${file}`];
  if (anchor === undefined || anchor === '') return [];
  if (statSync(file).isDirectory() || !file.endsWith('.md')) return /^L\d+/.test(anchor) ? [] : [`${file} has no anchors`];
  return anchorsOf(file).has(anchor) ? [] : [`${file} has no #${anchor}`];
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  let isCode = false;
  for (const line of readFileSync(page, 'utf8').split('\n')) {
    if (/^\s*```/.test(line)) isCode = !isCode;
    const [, title] = (!isCode && /^#{1,6} (.+)$/.exec(line)) || [];
    const [, id] = /<a (?:id|name)="([^"]+)"/.exec(line) ?? [];
    if (id !== undefined) anchors.add(id);
    if (title === undefined) continue;
    const plain = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '').replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
