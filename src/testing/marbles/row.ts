import type { Mark, Row } from './diagram.ts';

/** Thrown where a row cannot be read; the caller knows its file and line. */
export class RowError extends Error {}

const ends: Readonly<Record<string, Mark['kind']>> = { '|': 'complete', '#': 'error', '!': 'unsubscribe' };

/**
 * Reads the marbles of one row, from column zero on.
 *
 * @param errors - The names that stand for an error, beside `#`.
 */
export function readRow(name: string, line: number, text: string, errors: ReadonlySet<string>): Row {
  // An emoji is one marble.
  const characters = [...text.trimEnd()];
  const begin = characters.findIndex((character) => character !== ' ');
  if (begin === -1) throw new RowError('the row is empty');
  const hot = characters[begin] === '^';
  if (hot && begin > 0) throw new RowError('a hot row runs from the beginning: no row begins left of its `^`');

  const marks: Mark[] = [];
  let group: number | undefined;
  let ended = false;
  for (let column = hot ? 1 : begin; column < characters.length; column += 1) {
    const character = characters[column] as string;
    if (character === ')' && group !== undefined) {
      if (column === group + 1) throw new RowError('a group is empty');
      group = undefined;
      continue;
    }
    if (ended) throw new RowError(`\`${character}\` follows the end of the row`);
    if (character === '-' && group === undefined) continue;
    if (character === '(' && group === undefined) {
      group = column;
      continue;
    }
    if (' -()^'.includes(character)) throw new RowError(`\`${character}\` cannot stand at column ${column}`);
    const kind = errors.has(character) ? 'error' : (ends[character] ?? 'value');
    if (kind === 'unsubscribe' && hot) throw new RowError('a hot row is not unsubscribed');
    ended = kind !== 'value';
    marks.push({ kind, name: character, column: group ?? column });
  }
  if (group !== undefined) throw new RowError('a group is never closed');
  return { name, line, text: characters.join(''), begin, hot, marks };
}
