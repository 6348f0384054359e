import { difference, print } from './compare.ts';
import { type Diagram, locate, type Mark, nameOf, type Row } from './diagram.ts';
import type { Run } from './run.ts';
import type { Happening, Recording } from './stage.ts';

/** Compares what happened with what is drawn: a paragraph for each row that differs, none where the diagram holds. */
export function report(diagram: Diagram, run: Run): string[] {
  const paragraphs: string[] = [];
  const compare = (row: Row, rows: readonly Row[], recording: Recording | undefined) => {
    const found = compareRow(diagram, row, recording, run.values);
    if (found !== undefined) paragraphs.push(`${nameOf(row, rows)} (${locate(diagram.file, row.line)})\n${found}`);
  };
  for (const [name, recordings] of run.subscriptions) {
    const rows = diagram.inputs.filter((row) => row.name === name);
    if (recordings.length !== rows.length) {
      const begins = recordings.map(({ begin }) => `${begin} ms`).join(', ');
      const times = `${recordings.length} time${recordings.length === 1 ? '' : 's'}`;
      paragraphs.push(`${name}: subscribed ${times}, but the diagram draws ${rows.length}${begins && ` (subscribed at ${begins})`}`);
    }
    rows.forEach((row, index) => {
      if (recordings[index]) compare(row, rows, recordings[index]);
    });
  }
  diagram.outputs.forEach((row, index) => {
    compare(row, diagram.outputs, run.outputs[index]);
  });
  return paragraphs;
}

/** The drawn row over the actual one, or `undefined` where they agree. */
function compareRow(diagram: Diagram, row: Row, recording: Recording | undefined, values: Run['values']): string | undefined {
  if (!recording) return `  drawn  ${row.text}\n  actual never subscribed`;
  const { tick } = diagram;
  const notes: string[] = [];
  const wrong = new Set<number>();
  const drawn = recording.happenings.map((happening, index): Mark & { time: number } => {
    const [name, note] = recognize(happening, row.marks[index], values, diagram);
    if (note !== undefined) {
      wrong.add(index);
      notes.push(`${name} at ${happening.time} ms: ${note}`);
    }
    return { kind: happening.kind, name, column: Math.floor(happening.time / tick), time: happening.time };
  });

  const length = Math.max(row.marks.length, drawn.length);
  const first = Array.from({ length }, (_, index) => index).find((index) => {
    const [expected, actual] = [row.marks[index], drawn[index]];
    if (!expected || !actual || wrong.has(index)) return true;
    return expected.name !== actual.name || expected.kind !== actual.kind || expected.column * tick !== actual.time;
  });
  const late = recording.begin !== row.begin * tick;
  if (first === undefined && !late) return undefined;

  const offGrid = (name: string, time: number) => {
    if (time % tick !== 0) notes.push(`${name} at ${time} ms, ${time % tick} ms past its column`);
  };
  offGrid('subscribed', recording.begin);
  for (const { name, time } of drawn) offGrid(name, time);
  if (row.marks.at(-1)?.kind === 'unsubscribe' && (drawn.at(-1)?.kind ?? 'value') === 'value') notes.push('never unsubscribed');

  const begin = Math.floor(recording.begin / tick);
  const column = late
    ? Math.min(row.begin, begin)
    : Math.min(row.marks[first ?? 0]?.column ?? Infinity, drawn[first ?? 0]?.column ?? Infinity);
  const actual = asMarbles(begin, drawn, [...row.text].length, notes);
  return [`drawn  ${row.text}`, `actual ${actual}`, `       ${' '.repeat(column)}^`, ...few(notes)].map((line) => `  ${line}`).join('\n');
}

// What runs wild for ten minutes is told by its beginning.
function few(notes: readonly string[]): string[] {
  return notes.length > 6 ? [...notes.slice(0, 5), `and ${notes.length - 5} more`] : [...notes];
}

/** Which marble a happening is, and what to say where it is none or another than the drawn one. */
function recognize(happening: Happening, drawn: Mark | undefined, values: Run['values'], diagram: Diagram): [name: string, note?: string] {
  const { kind, value } = happening;
  if (happening.name !== undefined) return [happening.name];
  if (kind === 'complete' || kind === 'unsubscribe') return [kind === 'complete' ? '|' : '!'];
  const states = (name: string) => (values.has(name) ? values.get(name) : kind === 'error' ? 'error' : name);
  const found = drawn?.kind === kind ? difference(states(drawn.name), value) : undefined;
  if (drawn?.kind === kind && found === undefined) return [drawn.name];
  // Another marble of the diagram may be what came; an undefined one is its own character.
  const others = diagram.definitions.filter((definition) => definition.kind === kind);
  const own = typeof value === 'string' && [...value].length === 1 && kind === 'value' ? value : undefined;
  const known = others.find(({ name }) => difference(values.get(name), value) === undefined)?.name ?? own;
  if (known !== undefined && known !== drawn?.name) return [known];
  const said = found === undefined ? print(value) : `${found}${print(value).includes('{') ? ` in ${print(value)}` : ''}`;
  return [kind === 'error' ? '#' : '?', said];
}

/** Happenings as a row of marbles, as near to their columns as groups allow. */
function asMarbles(begin: number, marks: readonly (Mark & { time: number })[], length: number, notes: string[]): string {
  let text: string[] = Array.from({ length: begin }, () => ' ');
  for (let index = 0; index < marks.length; ) {
    const { time, column } = marks[index] as Mark & { time: number };
    if (column > length + 60) return `${text.join('')}…`;
    const group = marks.slice(index).filter((mark) => mark.time === time);
    index += group.length;
    while (text.length < column) text.push('-');
    const names = group.map(({ name }) => name);
    if (text.length > column) notes.push(`${names.join('')} at ${time} ms, which is column ${column}: a group before it takes its place`);
    text = text.concat(names.length === 1 ? names : ['(', ...names, ')']);
  }
  while ((marks.at(-1)?.kind ?? 'value') === 'value' && text.length < length) text.push('-');
  return text.join('');
}
