import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createCompilerHost, formatDiagnostics, type Program, performCompilation, readConfiguration } from '@angular/compiler-cli';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/angular.md`, 'utf8');
const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code);

it('every program of docs/angular.md compiles ahead of time, with strict templates', () => {
  const files = new Map(blocks.map((code, index) => [`${root}test/angular/documentation-${index}.ts`, code]));
  const { options } = readConfiguration(`${root}tsconfig.json`, {
    noEmit: true,
    experimentalDecorators: true,
    erasableSyntaxOnly: false,
    strictTemplates: true,
  });
  const host = createCompilerHost({ options });
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists.call(host, name);
  host.readFile = (name) => files.get(name) ?? readFile.call(host, name);
  host.getSourceFile = (name, version, ...rest) => {
    const code = files.get(name);
    return code === undefined ? getSourceFile.call(host, name, version, ...rest) : ts.createSourceFile(name, code, version, true);
  };
  const gatherDiagnostics = (program: Program): readonly ts.Diagnostic[] => [
    ...program.getTsOptionDiagnostics(),
    ...program.getNgOptionDiagnostics(),
    ...[...files.keys()].flatMap((name) => {
      const file = program.getTsProgram().getSourceFile(name);
      return [
        ...program.getTsSyntacticDiagnostics(file),
        ...program.getTsSemanticDiagnostics(file),
        ...program.getNgSemanticDiagnostics(name),
      ];
    }),
  ];
  const { diagnostics } = performCompilation({ rootNames: [...files.keys()], options, host, gatherDiagnostics });
  expect(formatDiagnostics(diagnostics)).toBe('');
  expect(blocks.length).toBeGreaterThan(7);
}, 60_000);
