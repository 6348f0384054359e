import { type Expression, locate } from './diagram.ts';

/** The names that the code of a diagram may use. */
export type Scope = Readonly<Record<string, unknown>>;

/** Runs an expression with the names of `scope`. What it throws is said with file and line. */
export function evaluate(expression: Expression, scope: Scope, file: string | undefined): unknown {
  const names = Object.keys(scope).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default');
  try {
    const compiled = new Function(...names, `'use strict'; return (${expression.text}\n);`) as (...values: unknown[]) => unknown;
    return compiled(...names.map((name) => scope[name]));
  } catch (error) {
    throw new Error(`${locate(file, expression.line)}: \`${expression.text}\` threw ${error}`, { cause: error });
  }
}
