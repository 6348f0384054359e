import { type Definition, type Diagram, type Expression, locate, type Row } from './diagram.ts';
import type { Fence } from './markdown.ts';
import { RowError, readRow } from './row.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const identifier = /^[A-Za-z_$][\w$]*$/;

/** Understands one marble fence. Throws, with file and line, where it is not one. */
export function parse(fence: Fence, file: string | undefined): Diagram {
  const written: { name: string; line: number; text: string; label: number }[] = [];
  const code: Writable<Expression>[] = [];
  const definitions: Writable<Definition>[] = [];
  let tick = 1;
  let latest: Writable<Expression> | undefined;

  const fail = (line: number, message: string): never => {
    throw new Error(`${locate(file, line)}: ${message}`);
  };
  const expression = <E extends Expression>(list: Writable<E>[], entry: Writable<E>): void => {
    list.push(entry);
    latest = entry;
  };

  for (const [index, source] of fence.lines.entries()) {
    const line = fence.line + 1 + index;
    const text = source.trimEnd();
    if (text === '') continue;
    if (/^\s/.test(text)) {
      if (!latest) return fail(line, 'only an expression can go on in an indented line');
      latest.text += `\n${text}`;
      continue;
    }
    const step = /^- = (\d+)\s?(ms|s)$/.exec(text);
    const row = /^([A-Za-z_$][\w$]*):(.*)$/.exec(text);
    const definition = /^(\S+) = (.+)$/.exec(text);
    if (step) {
      tick = Number(step[1]) * (step[2] === 's' ? 1000 : 1);
      latest = undefined;
      if (tick === 0) fail(line, 'a column takes at least 1 ms');
    } else if (text.startsWith('> ')) {
      expression(code, { line, text: text.slice(2).trim() });
    } else if (row) {
      written.push({ name: row[1] as string, line, text: (row[2] as string).trimEnd(), label: (row[1] as string).length + 1 });
      latest = undefined;
    } else if (definition) {
      const [, name, value] = definition as unknown as [string, string, string];
      const kind = kindOf(name) ?? fail(line, `\`${name}\` is no name: a value's is one character, a shared object's an identifier`);
      expression(definitions, { name: kind === 'error' ? name.replace(/^#(?=.)/u, '') : name, kind, line, text: value });
    } else fail(line, `cannot read \`${text}\``);
  }

  // Labels are of any length: time begins where the leftmost row does.
  const zero = Math.min(...written.map(({ text, label }) => label + text.length - text.trimStart().length));
  const errors = new Set(definitions.filter(({ kind }) => kind === 'error').map(({ name }) => name));
  const rows = written.map(({ name, line, text, label }): Row => {
    try {
      return readRow(name, line, text.slice(zero - label), errors);
    } catch (error) {
      return error instanceof RowError ? fail(line, `${name}: ${error.message}`) : fail(line, String(error));
    }
  });
  const outputs = rows.filter(({ name }) => name === 'output');
  const inputs = rows.filter(({ name }) => name !== 'output');
  if (outputs.length === 0) fail(fence.line, 'the diagram has no `output:` row');
  if (inputs.length === 0 && code.length === 0) fail(fence.line, 'the diagram has neither a `source:` row nor code');
  for (const row of rows) {
    const isOnly = rows.filter(({ name }) => name === row.name).length === 1;
    if (row.hot && (row.name === 'output' || !isOnly)) fail(row.line, 'a hot row is an input, and the only one of its name');
  }
  return { file, title: fence.title, line: fence.line, tick, inputs, outputs, code, definitions };
}

function kindOf(name: string): Definition['kind'] | undefined {
  const characters = [...name];
  if (characters[0] === '#' && characters.length <= 2) return '-|!()^#?'.includes(characters[1] ?? '@') ? undefined : 'error';
  if (characters.length === 1) return '-|!()^?'.includes(name) ? undefined : 'value';
  return identifier.test(name) ? 'shared' : undefined;
}
