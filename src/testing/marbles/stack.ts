import type { Mark, Row } from './diagram.ts';
import { errorLabelOf, labelOf, widthOf } from './label.ts';
import { characterWidth, element, round, text } from './svg.ts';

const pillHeight = 22;

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

/** The narrowest column at which no mark covers its neighbour. */
export function columnWidth(rows: Iterable<readonly Stack[]>): number {
  let width = 12;
  for (const stacks of rows) {
    stacks.forEach((each, index) => {
      const next = stacks[index + 1];
      const room = (of: Stack) => Math.max(...of.marks.map((mark) => mark.width)) / 2;
      if (next) width = Math.max(width, (room(each) + room(next) + 4) / (next.column - each.column));
    });
  }
  return Math.ceil(width);
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
