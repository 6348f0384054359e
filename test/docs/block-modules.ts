import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as rxjs from 'rxjs';
import ts from 'typescript';
import { type Block, chain } from './blocks.ts';
import { importsOf } from './free-names.ts';

/** A block as a module: on its first line what it leaves out, then what it goes on from, then itself. */
export interface BlockModule {
  readonly block: Block;
  /** A file that is not there, beside its page. */
  readonly path: string;
  readonly code: string;
  /** What stands before the block's own code, in lines. */
  readonly offset: number;
}

const prelude = resolve('test/docs/prelude.ts');
const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile) as {
  config: { compilerOptions: { paths: Record<string, [string]> } };
};

/** The options of the project, for code as users write it: with the decorators of their frameworks, and JSX. */
export const compilerOptions: ts.CompilerOptions = {
  ...ts.parseJsonConfigFileContent({ ...config, files: [prelude] }, ts.sys, process.cwd()).options,
  verbatimModuleSyntax: false,
  isolatedModules: false,
  erasableSyntaxOnly: false,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  jsx: ts.JsxEmit.ReactJSX,
};

/** The public entries, and where their source is. */
export const entries: ReadonlyMap<string, string> = new Map(
  Object.entries(config.compilerOptions.paths).map(([name, [path]]) => [name, resolve(path)]),
);

/** What a block may use without saying where it is from, by module; the first that has a name gives it. */
const openNames: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [prelude, exportsOf(prelude)],
  ...[...entries].map(([name, file]): [string, Set<string>] => [name, exportsOf(file)]),
  ['rxjs', new Set(Object.keys(rxjs))],
]);

const nest = resolve('test/docs/prelude-nest.ts');

/** What stands open where a framework is spoken of, beside what stands open everywhere. */
const frameworks: readonly (readonly [where: RegExp, names: ReadonlyMap<string, ReadonlySet<string>>])[] = [
  [
    /^src\/angular\//,
    new Map([
      ['@angular/core', new Set(['ApplicationConfig', 'Component', 'inject', 'Injectable', 'input', 'resource', 'signal'])],
      ['@angular/core/testing', new Set(['TestBed'])],
      ['@angular/core/rxjs-interop', new Set(['rxResource', 'takeUntilDestroyed'])],
    ]),
  ],
  [
    /^src\/nest\//,
    new Map([
      [nest, exportsOf(nest)],
      ['@nestjs/common', new Set(['Body', 'Controller', 'Get', 'Inject', 'Injectable', 'Module', 'Param', 'Post', 'Req', 'Res', 'Sse'])],
    ]),
  ],
];

export function moduleOf(block: Block): BlockModule {
  const before = chain(block)
    .slice(0, -1)
    .map(({ code }) => code);
  const members = `class Example { readonly [name: string]: any; ${block.code} }`;
  // What is no program by itself are members of a class.
  const program = isProgram(block.code) || !isProgram(members) ? block.code : members;
  const code = [...before, program].join('');
  const isOfAPage = block.file.endsWith('.md');
  const offset = 1 + before.join('').split('\n').length - 1;
  const directory = dirname(block.copyOf ?? block.file);
  const framework = frameworks.find(([where]) => where.test(block.file))?.[1] ?? new Map<string, ReadonlySet<string>>();
  const own = [...openNames].filter(([name]) => dirname(entries.get(name) ?? '') === resolve(dirname(block.file)));
  // Two entries may have a name for things of their own: a comment means that of its own entry.
  const names = new Map([...framework, ...own, ...openNames]);
  const path = resolve(directory, `${block.file.replaceAll('/', '-')}.${block.line}.${block.language === 'tsx' ? 'tsx' : 'ts'}`);
  return { block, path, code: `${importsOf(code, names, isOfAPage)}\n${code}`, offset };
}

const isProgram = (code: string): boolean =>
  ts.transpileModule(code, { compilerOptions, reportDiagnostics: true }).diagnostics?.length === 0;

/** The names that a module exports, read from its text alone. */
function exportsOf(file: string): Set<string> {
  const names = new Set<string>();
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  for (const statement of source.statements) {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause, moduleSpecifier } = statement;
      if (exportClause !== undefined && ts.isNamedExports(exportClause)) for (const { name } of exportClause.elements) names.add(name.text);
      else if (moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier)) {
        for (const name of exportsOf(resolve(dirname(file), moduleSpecifier.text))) names.add(name);
      }
    } else if (ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) {
      if (ts.isVariableStatement(statement)) {
        for (const { name } of statement.declarationList.declarations) if (ts.isIdentifier(name)) names.add(name.text);
      } else if ('name' in statement && ts.isIdentifier(statement.name as ts.Node)) names.add((statement.name as ts.Identifier).text);
    }
  }
  return names;
}
