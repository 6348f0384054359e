import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const examples = new Map(
  [...readFileSync(`${root}docs/sdks.md`, 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = ''], index) => [
    `${root}docs/sdks-example-${index + 1}.ts`,
    code,
  ]),
);

it('every example of the page compiles by itself, with the packages that it names', { timeout: 60_000 }, () => {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => examples.has(path) || fileExists(path);
  host.readFile = (path) => examples.get(path) ?? readFile(path);
  host.getSourceFile = (path, target, ...more) => {
    const code = examples.get(path);
    return code === undefined ? getSourceFile(path, target, ...more) : ts.createSourceFile(path, code, target);
  };
  const program = ts.createProgram([...examples.keys()], options, host);
  const complaints = [...examples.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => `${path.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
  expect(examples.size).toBeGreaterThan(5);
  expect(complaints).toEqual([]);
});
