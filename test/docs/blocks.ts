import { existsSync, readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** One fenced block of a page, or of an `@example`. */
export interface Block {
  /** The page or the source file. */
  readonly file: string;
  /** The line of its first line of code, from 1. */
  readonly line: number;
  /** How far its code is indented there: in a doc comment by ` * `. */
  readonly column: number;
  readonly language: string;
  readonly code: string;
  /** Why it cannot run in Node; it is compiled all the same. */
  readonly compiledOnly: string | undefined;
  /** The file that it is, word for word. */
  readonly copyOf: string | undefined;
  /** The block before it that it goes on from. */
  readonly continues: Block | undefined;
}

/**
 * What a page may say of the block that follows, unseen by its readers:
 *
 * - `<!-- compiled only: it is a page -->`: it cannot run in Node, and why
 * - `<!-- file: examples/custom-provider/acme.ts -->`: it is that file
 * - `<!-- continues -->`: it goes on where the TypeScript before it ends
 */
const marker = /^<!-- (compiled only|file|continues)(?:: (.+))? -->$/;

/** The files under a folder whose names end so, in order. */
export function filesUnder(folder: string, ending: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  return names
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort();
}

/** The pages whose blocks must hold. */
export const pages: readonly string[] = [
  'README.md',
  'SECURITY.md',
  'marbles/README.md',
  ...filesUnder('docs', '.md'),
  ...filesUnder('bench', '.md'),
  ...filesUnder('examples', 'README.md'),
].filter((page) => existsSync(page));

/** The fenced blocks of a page, each with what the page says of it. */
export function blocksOf(file: string, text = readFileSync(file, 'utf8')): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  let before: Block | undefined;
  for (let index = 0; index < lines.length; index++) {
    const fence = /^( *)(`{3,})(\w[\w-]*)?/.exec(lines[index] ?? '');
    if (fence === null) continue;
    const [, indent = '', ticks = '```', language = ''] = fence;
    const end = lines.findIndex((line, at) => at > index && line.trim() === ticks);
    if (end < 0) throw new Error(`${file}:${index + 1}: a block without an end`);
    const code = lines.slice(index + 1, end).map((line) => line.slice(indent.length));
    const said = new Map<string, string>();
    for (let above = index - 1; above >= 0; above--) {
      const [, what, value = ''] = marker.exec(lines[above]?.trim() ?? '') ?? [];
      if (what !== undefined) said.set(what, value);
      else if (lines[above]?.trim() !== '') break;
    }
    const block: Block = {
      file,
      line: index + 2,
      column: indent.length,
      language,
      code: `${code.join('\n')}\n`,
      compiledOnly: said.get('compiled only'),
      copyOf: said.get('file'),
      continues: said.has('continues') ? before : undefined,
    };
    blocks.push(block);
    if (isCode(block)) before = block;
    index = end;
  }
  return blocks;
}

export const isCode = ({ language }: Block): boolean => language === 'ts' || language === 'tsx' || language === 'typescript';

/** Where an example cannot run, and why: its doc comment is no place to say so. */
const compiledOnly: readonly (readonly [where: RegExp, why: string])[] = [
  [/^src\/angular\//, 'it needs an injection context of Angular'],
  [/^src\/nest\//, 'it needs an application of Nest'],
];

/** The `@example`s of every doc comment. */
export function examplesOf(file: string): Block[] {
  const text = readFileSync(file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const examples: Block[] = [];
  const seen = new Set<number>();
  const visit = (node: ts.Node): void => {
    for (const comment of ts.getLeadingCommentRanges(text, node.pos) ?? []) {
      if (!text.startsWith('/**', comment.pos) || seen.has(comment.pos)) continue;
      seen.add(comment.pos);
      const first = source.getLineAndCharacterOfPosition(comment.pos).line;
      const lines = text.slice(comment.pos, comment.end).split('\n');
      // Told as a page, line by line, so that positions stay.
      const page = lines.map((line) => line.replace(/^\s*\*(?: |$)/, '').replace(/^\s*\/\*\*/, ''));
      if (!lines.some((line) => line.includes('@example'))) continue;
      const column = (lines.find((line) => line.includes('@example'))?.indexOf('*') ?? 0) + 2;
      for (const block of blocksOf(file, page.join('\n'))) {
        const line = block.line + first;
        const why = compiledOnly.find(([where]) => where.test(`${file}:${line}`))?.[1];
        // A doc comment cannot hold a bare `@`.
        examples.push({ ...block, code: block.code.replaceAll('\\@', '@'), line, column, compiledOnly: why });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return examples;
}

export const where = ({ file, line }: Block): string => `${file}:${line}`;

/** What it goes on from, in order, and itself. */
export function chain(block: Block): Block[] {
  return block.continues === undefined ? [block] : [...chain(block.continues), block];
}
