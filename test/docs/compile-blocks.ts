import { resolve } from 'node:path';
import ts from 'typescript';
import { type BlockModule, compilerOptions } from './block-modules.ts';
import { where } from './blocks.ts';

/** Compiles all blocks as one program, and says what is wrong with each: nothing, or lines that begin with the place on the page. */
export function compileBlocks(modules: readonly BlockModule[]): ReadonlyMap<BlockModule, readonly string[]> {
  const texts = new Map(modules.map(({ path, code }) => [path, code]));
  const host = ts.createCompilerHost(compilerOptions, true);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists.call(host, path);
  host.readFile = (path) => texts.get(path) ?? readFile.call(host, path);
  host.getSourceFile = (path, options, ...rest) => {
    const text = texts.get(path);
    return text === undefined ? getSourceFile.call(host, path, options, ...rest) : ts.createSourceFile(path, text, options, true);
  };
  const program = ts.createProgram([resolve('test/docs/prelude.ts'), ...texts.keys()], compilerOptions, host);
  return new Map(
    modules.map((module) => {
      const source = program.getSourceFile(module.path);
      const problems = source === undefined ? [] : [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return [module, source === undefined ? [`${where(module.block)}: not compiled`] : problems.map((each) => problemOf(module, each))];
    }),
  );
}

function problemOf({ block, offset }: BlockModule, { file, start = 0, messageText }: ts.Diagnostic): string {
  const { line, character } = file?.getLineAndCharacterOfPosition(start) ?? { line: offset, character: 0 };
  const words = ts.flattenDiagnosticMessageText(messageText, '\n');
  const help = words.startsWith('Cannot find name')
    ? ' (import it: a block that shows imports shows all; declare it; or say in test/docs/prelude.ts what it is)'
    : '';
  return `${block.file}:${block.line + line - offset}:${block.column + character + 1}: ${words}${help}`;
}
