import { type Diagram, nameOf, type Row } from './diagram.ts';
import { widthOf } from './label.ts';
import { arrowTop, columnWidth, depth, drawStack, overhang, stack } from './stack.ts';
import { characterWidth, element, escapeText, round, style, text } from './svg.ts';

const margin = 12;
const widest = 1000;

/** Draws a diagram as an SVG. The same diagram is the same text on every machine. */
export function draw(diagram: Diagram, values: ReadonlyMap<string, unknown>): string {
  const rows = [...diagram.inputs, ...diagram.outputs];
  const title = (row: Row) => nameOf(row, rows) + (row.hot ? ' (hot)' : '');
  const labels = margin + Math.max(...rows.map((row) => widthOf(title(row)))) * characterWidth + 20;
  const columns = Math.max(...rows.map((row) => [...row.text].length));
  const stacksOf = (short: boolean) => new Map(rows.map((row) => [row, stack(row, values, short)]));
  let stacks = stacksOf(false);
  // Where the labels would make the drawing too wide to be read, the marbles stand for them.
  if (labels + columns * columnWidth(stacks) > widest) stacks = stacksOf(true);
  const column = columnWidth(stacks);
  // What stands at the beginning must not cover the rows' names.
  const left = labels + Math.max(...[...stacks.values()].map((stacked) => overhang(stacked, column)));
  const x = (at: number) => left + at * column;
  const end = x(columns) + 8;

  // Lines that go on are indented under the `>` too.
  const code = diagram.code.flatMap(({ text }) => text.split('\n').map((line, index) => (index === 0 ? line : line.replace(/^ {2}/, ''))));
  let right = end;
  for (const line of code) right = Math.max(right, margin * 2 + widthOf(line) * characterWidth);
  const legend = wrap(
    [
      `one step = ${duration(diagram.tick)}`,
      ...diagram.definitions.map(
        ({ name, text, kind }) => `${kind === 'error' && name !== '#' ? `#${name}` : name} = ${text.replace(/\s*\n\s*/g, ' ')}`,
      ),
    ],
    Math.max(60, Math.floor((right - margin) / (characterWidth * 0.92))),
  );
  for (const line of legend) right = Math.max(right, margin + widthOf(line) * characterWidth * 0.92);

  const parts: string[] = [];
  let y = margin;
  const place = (row: Row, output: boolean) => {
    const stacked = stacks.get(row) ?? [];
    const middle = y + 18;
    const ending = row.marks.at(-1);
    const open = ending === undefined || ending.kind === 'value';
    const to = open ? end : x(ending.column);
    const lines = [element('path', { class: 'line', d: `M${round(x(row.begin))} ${middle}H${round(to)}${open ? `m-6 -4l6 4l-6 4` : ''}` })];
    // The arrow says that somebody subscribes here; a hot row runs unasked.
    if (!row.hot) lines.push(element('path', { class: 'arrow', d: `M${round(x(row.begin))} ${middle + arrowTop(row, stacked)}l4 9h-8z` }));
    for (const each of stacked) lines.push(drawStack(each, x(each.column), middle));
    for (const { mark, label, width } of stacked.flatMap(({ marks }) => marks)) {
      if (mark.kind !== 'value') right = Math.max(right, x(mark.column) + Math.max(width, widthOf(label) * 7) / 2);
    }
    parts.push(text(title(row), margin, middle + 4), element('g', output ? { class: 'out' } : {}, lines.join('')));
    y += 38 + Math.max(0, ...stacked.map(depth));
  };

  for (const row of diagram.inputs) place(row, false);
  const box = y + 2;
  if (code.length > 0) y += code.length * 17 + 22;
  for (const row of diagram.outputs) place(row, true);
  const axis = y + 4;
  const stride = [1, 2, 5, 10, 20, 50].find((step) => step * column >= 60) ?? 100;
  const steps: string[] = [];
  for (let at = 0; at <= columns; at += 1) {
    const marked = at % stride === 0;
    steps.push(element('path', { class: 'step', d: `M${round(x(at))} ${marked ? margin : axis}V${axis + (marked ? 6 : 3)}` }));
    if (!marked) continue;
    const label = columns * diagram.tick < 1000 ? duration(at * diagram.tick) : `${(at * diagram.tick) / 1000} s`;
    right = Math.max(right, x(at) + widthOf(label) * 3.5);
    parts.push(text(label, x(at), axis + 18, { class: 'quiet', 'text-anchor': 'middle' }));
  }
  y = axis + 40;
  for (const line of legend) {
    parts.push(text(line, margin, y, { class: 'quiet' }));
    y += 16;
  }
  const width = Math.ceil(right + margin);
  if (code.length > 0) {
    const height = code.length * 17 + 10;
    parts.push(element('rect', { class: 'box', x: margin, y: box, width: width - margin * 2, height, rx: 5 }));
    code.forEach((line, index) => {
      // Centred as a block, so that the lines of one expression keep their indentation.
      const block = Math.max(...code.map(widthOf)) * characterWidth;
      parts.push(text(line, (width - block) / 2, box + 18 + index * 17));
    });
  }
  const size = { width, height: y, viewBox: `0 0 ${width} ${y}` };
  const inside = ['', `<title>${escapeText(diagram.title)}</title>`, `<style>${style}</style>`, ...steps, ...parts, ''].join('\n');
  return `${element('svg', { xmlns: 'http://www.w3.org/2000/svg', role: 'img', 'xml:space': 'preserve', ...size }, inside)}\n`;
}

/** Several entries a line where they fit, and several lines an entry where it does not. */
function wrap(entries: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const entry of entries.flatMap((each) => broken(each, columns))) {
    const joined = `${lines.at(-1) ?? ''}    ${entry}`;
    const isOpen = lines.length > 0 && !entry.startsWith(continued);
    if (isOpen && widthOf(joined) <= columns) lines[lines.length - 1] = joined;
    else lines.push(entry);
  }
  return lines;
}

const continued = '    ';

function broken(entry: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of entry.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(line) + 1 + widthOf(word) <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(line === undefined ? word : continued + word);
  }
  return lines;
}

function duration(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000} s` : `${milliseconds} ms`;
}
