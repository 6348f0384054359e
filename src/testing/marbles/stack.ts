import type { Mark, Row } from './diagram.ts';
import { errorLabelOf, labelOf, widthOf } from './label.ts';
import { characterWidth, element, round, text } from './svg.ts';

const pillHeight = 22;
const arrowRoom = 4;

/** The marks of a row that share a column, with what they say and the room they take. */
export interface Stack {
  readonly column: number;
  readonly marks: readonly { readonly mark: Mark; readonly label: string; readonly width: number }[];
}

/** Gathers the marks of a row by column. `short` leaves the words to the legend. */
export function stack(row: Row, values: ReadonlyMap<string, unknown>, short: boolean): Stack[] {
  const columns = [...new Set(row.marks.map((mark) => mark.column))];
  return columns.map((column) => ({
    column,
    marks: row.marks
      .filter((mark) => mark.column === column)
      .map((mark) => {
        if (mark.kind === 'error') return { mark, label: errorLabelOf(values.has(mark.name) ? values.get(mark.name) : 'error'), width: 14 };
        if (mark.kind !== 'value') return { mark, label: mark.kind === 'unsubscribe' ? 'unsubscribe' : '', width: 6 };
        const label = short || !values.has(mark.name) ? mark.name : labelOf(mark.name, values.get(mark.name));
        return { mark, label, width: Math.max(pillHeight, widthOf(label) * characterWidth + 14) };
      }),
  }));
}

/** How far a stack reaches below a single pill. */
export function depth({ marks }: Stack): number {
  const shown = marks.filter(({ mark }) => mark.kind !== 'complete');
  const labelled = shown.at(-1)?.mark.kind !== 'value' && shown.length > 0;
  return Math.max(0, shown.length - 1) * (pillHeight + 3) + (labelled ? 12 : 0);
}

/** How far the marks of one column reach to each side. */
const room = ({ marks }: Stack): number => Math.max(...marks.map(({ width }) => width)) / 2;

/** The narrowest column at which no mark covers its neighbour, nor the arrow at which its row begins. */
export function columnWidth(rows: ReadonlyMap<Row, readonly Stack[]>): number {
  let width = 12;
  for (const [{ begin, hot }, stacks] of rows) {
    const first = stacks[0];
    if (first && !hot && first.column > begin) width = Math.max(width, (room(first) + arrowRoom + 2) / (first.column - begin));
    stacks.forEach((each, index) => {
      const next = stacks[index + 1];
      if (next) width = Math.max(width, (room(each) + room(next) + 4) / (next.column - each.column));
    });
  }
  return Math.ceil(width);
}

/** How far the marks of a row reach to the left of column zero. */
export function overhang(stacks: readonly Stack[], column: number): number {
  return Math.max(0, ...stacks.map((each) => room(each) - each.column * column));
}

/** Where the tip of the arrow stands at which a row begins, below its line: under the values that come in that very moment. */
export function arrowTop(row: Row, stacks: readonly Stack[]): number {
  const first = stacks[0];
  const values = first?.column === row.begin ? first.marks.filter(({ mark }) => mark.kind === 'value').length : 0;
  return values === 0 ? 2 : (values - 1) * (pillHeight + 3) + pillHeight / 2 + 1;
}

/** Draws the marks of one column, on the line at `middle` and below it. */
export function drawStack({ marks }: Stack, x: number, middle: number): string {
  // What shares a moment stands in one place, in order from top to bottom; the end stands behind it.
  const shown = marks.filter(({ mark }) => mark.kind !== 'complete');
  const ends = marks.length > shown.length ? [element('path', { class: 'end', d: `M${round(x)} ${middle - 16}v32` })] : [];
  return [
    ...ends,
    ...shown.map(({ mark, label, width }, index) => {
      const y = middle + index * (pillHeight + 3);
      const under = { 'text-anchor': 'middle' };
      if (mark.kind === 'value') {
        const pill = { class: 'pill', x: x - width / 2, y: y - pillHeight / 2, width, height: pillHeight, rx: pillHeight / 2 };
        return element('rect', pill) + text(label, x, y + 4, under);
      }
      if (mark.kind === 'error') {
        const cross = element('path', { class: 'cross', d: `M${round(x - 6)} ${y - 6}l12 12m0 -12l-12 12` });
        return cross + text(label, x, y + 23, { class: 'quiet fault', ...under });
      }
      return element('path', { class: 'leave', d: `M${round(x)} ${y - 12}v24` }) + text(label, x, y + 23, { class: 'left', ...under });
    }),
  ].join('');
}
