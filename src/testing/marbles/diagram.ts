/** What stands at one place of a row: a value, one of the two ends, or the moment of an unsubscription. */
export interface Mark {
  readonly kind: 'value' | 'error' | 'complete' | 'unsubscribe';
  /** The character in the row. */
  readonly name: string;
  /** Counted from column zero of the diagram; marks of a group share the column of its parenthesis. */
  readonly column: number;
}

/** One drawn row: a subscription to an input, or a subscriber to the output. */
export interface Row {
  readonly name: string;
  readonly line: number;
  /** The row as written, from column zero. */
  readonly text: string;
  /** The column of the subscription: the row's indentation. */
  readonly begin: number;
  /** Whether the row runs from column zero on, subscribed or not. */
  readonly hot: boolean;
  readonly marks: readonly Mark[];
}

/** Code of the diagram, and where it stands. */
export interface Expression {
  readonly line: number;
  readonly text: string;
}

/** A name of the diagram and what it stands for. */
export interface Definition extends Expression {
  readonly name: string;
  readonly kind: 'value' | 'error' | 'shared';
}

/** A fence of a Markdown file, understood. */
export interface Diagram {
  readonly file: string | undefined;
  readonly title: string;
  readonly line: number;
  /** Milliseconds of one column. */
  readonly tick: number;
  readonly inputs: readonly Row[];
  readonly outputs: readonly Row[];
  /** The operators, in the order they are piped. */
  readonly code: readonly Expression[];
  readonly definitions: readonly Definition[];
}

/** Where a line stands, in the form that editors and terminals make a link of. */
export function locate(file: string | undefined, line: number): string {
  return file === undefined ? `line ${line}` : `${file}:${line}`;
}

/** A row's name in words: with its number where there are several of that name. */
export function nameOf(row: Row, rows: readonly Row[]): string {
  const same = rows.filter((other) => other.name === row.name);
  return same.length === 1 ? row.name : `${row.name} ${same.indexOf(row) + 1}`;
}
