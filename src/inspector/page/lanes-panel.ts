import type { Lane } from '../lane.ts';
import { drawLane } from './draw-lane.ts';
import { element, setText } from './element.ts';
import type { Theme } from './theme.ts';
import { drawAxis } from './time-axis.ts';
import { describeAt } from './tooltip.ts';
import type { Window } from './view.ts';
import { outcomeGlyphs, outcomeWords, statusOf } from './words.ts';

const rowHeight = 40;
const gutter = 312;
const strip = 40;
const rewordEvery = 120;

interface Row {
  readonly root: HTMLElement;
  readonly glyph: HTMLElement;
  readonly target: HTMLElement;
  readonly id: HTMLElement;
  readonly status: HTMLElement;
}

/** The lanes: rows to read and choose from, and a canvas behind them. Only what is visible is there. */
export class LanesPanel {
  readonly root: HTMLElement;
  readonly #canvas = element('canvas', { 'aria-hidden': 'true' });
  readonly #list = element('div', { class: 'rows', role: 'listbox', 'aria-label': 'Streams, the newest first', tabindex: 0 });
  readonly #spacer = element('div', { class: 'spacer' });
  readonly #empty = element('p', { class: 'empty' });
  readonly #tooltip = element('div', { class: 'tooltip', hidden: true });
  readonly #rows = new Map<string, Row>();
  readonly #choose: (key: string | undefined) => void;
  #lanes: readonly Lane[] = [];
  #window: Window = { from: 0, to: 1 };
  #now = 0;
  #wordedAt = 0;
  #pointer: { readonly x: number; readonly y: number } | undefined;
  #hatch: { readonly colour: string; readonly pattern: CanvasPattern | string } | undefined;

  constructor(filters: HTMLElement, choose: (key: string | undefined) => void) {
    this.#choose = choose;
    this.#list.append(this.#spacer);
    this.root = element('section', { class: 'lanes' }, this.#canvas, filters, this.#list, this.#empty, this.#tooltip);
    this.#list.addEventListener('click', (event) => {
      const key = (event.target as Element).closest<HTMLElement>('[data-key]')?.dataset.key;
      this.#choose(key);
    });
    this.#list.addEventListener('pointermove', (event) => {
      const { left, top } = this.root.getBoundingClientRect();
      this.#pointer = { x: event.clientX - left, y: event.clientY - top };
    });
    this.#list.addEventListener('pointerleave', () => {
      this.#pointer = undefined;
    });
  }

  /** The lanes in the order in which they are shown. */
  get shown(): readonly Lane[] {
    return this.#lanes;
  }

  /** Draws one frame. */
  draw(lanes: readonly Lane[], window: Window, now: number, theme: Theme, selected: string | undefined, hint: string): void {
    this.#lanes = lanes;
    this.#window = window;
    this.#now = now;
    this.#spacer.style.height = `${lanes.length * rowHeight}px`;
    setText(this.#empty, hint);
    this.#empty.hidden = hint === '';
    const { scrollTop, clientHeight } = this.#list;
    const first = Math.max(0, Math.floor(scrollTop / rowHeight));
    const visible = lanes.slice(first, first + Math.ceil(clientHeight / rowHeight) + 1);
    this.#placeRows(visible, first, selected);
    this.#paint(visible, first * rowHeight - scrollTop, theme);
    this.#explain();
  }

  /** Brings a lane into view. */
  reveal(key: string): void {
    const index = this.#lanes.findIndex((lane) => lane.key === key);
    if (index === -1) return;
    const top = index * rowHeight;
    const { scrollTop, clientHeight } = this.#list;
    if (top < scrollTop) this.#list.scrollTop = top;
    else if (top + rowHeight > scrollTop + clientHeight) this.#list.scrollTop = top + rowHeight - clientHeight;
  }

  #placeRows(visible: readonly Lane[], first: number, selected: string | undefined): void {
    const isWording = performance.now() - this.#wordedAt >= rewordEvery;
    if (isWording) this.#wordedAt = performance.now();
    const keys = new Set(visible.map(({ key }) => key));
    for (const [key, { root }] of this.#rows) {
      if (keys.has(key)) continue;
      root.remove();
      this.#rows.delete(key);
    }
    for (const [index, lane] of visible.entries()) {
      const known = this.#rows.get(lane.key);
      const row = known ?? this.#makeRow(lane);
      const isSelected = lane.key === selected;
      row.root.style.transform = `translateY(${(first + index) * rowHeight}px)`;
      row.root.setAttribute('aria-selected', String(isSelected));
      row.root.classList.toggle('selected', isSelected);
      if (known && !isWording) continue;
      row.root.dataset.outcome = lane.outcome;
      setText(row.glyph, outcomeGlyphs[lane.outcome]);
      row.glyph.title = outcomeWords[lane.outcome];
      setText(row.target, `${lane.provider} ${lane.model}`);
      setText(row.id, `${lane.client ? `${lane.client} · ` : ''}${lane.requestId}`);
      setText(row.status, statusOf(lane, this.#now));
      row.status.classList.toggle('waits', lane.outcome === 'running' && lane.waits.at(-1)?.endedAt === undefined && lane.waits.length > 0);
    }
  }

  #makeRow({ key }: Lane): Row {
    const glyph = element('span', { class: 'glyph' });
    const target = element('span', { class: 'target' });
    const id = element('span', { class: 'id' });
    const status = element('span', { class: 'status' });
    const root = element(
      'div',
      { class: 'row', role: 'option', 'data-key': key },
      element('div', { class: 'label' }, glyph, target, status, id),
    );
    const row = { root, glyph, target, id, status };
    this.#rows.set(key, row);
    this.#list.append(root);
    return row;
  }

  #paint(visible: readonly Lane[], offset: number, theme: Theme): void {
    const { clientWidth, clientHeight } = this.root;
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(clientWidth * scale), Math.round(clientHeight * scale)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    const canvas = this.#canvas.getContext('2d');
    if (!canvas) return;
    canvas.setTransform(scale, 0, 0, scale, 0, 0);
    canvas.clearRect(0, 0, clientWidth, clientHeight);
    const size = { left: gutter, width: clientWidth - gutter, height: clientHeight, strip };
    drawAxis(canvas, theme, this.#window, this.#now, size);
    canvas.save();
    canvas.beginPath();
    canvas.rect(gutter, strip, size.width, clientHeight - strip);
    canvas.clip();
    const stage = {
      canvas,
      theme,
      x: (at: number) => this.#x(at),
      width: clientWidth,
      now: this.#now,
      hatch: this.#hatchOf(canvas, theme.text),
    };
    for (const [index, lane] of visible.entries()) drawLane(stage, lane, strip + offset + index * rowHeight + rowHeight / 2 + 2);
    canvas.restore();
  }

  #x(at: number): number {
    const { from, to } = this.#window;
    return gutter + ((at - from) / (to - from)) * (this.root.clientWidth - gutter);
  }

  #hatchOf(canvas: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
    if (this.#hatch?.colour === colour) return this.#hatch.pattern;
    const tile = element('canvas', { width: 6, height: 6 });
    const brush = tile.getContext('2d');
    if (brush) {
      brush.strokeStyle = colour;
      brush.globalAlpha = 0.35;
      brush.beginPath();
      brush.moveTo(-1, 7);
      brush.lineTo(7, -1);
      brush.moveTo(-1, 1);
      brush.lineTo(1, -1);
      brush.moveTo(5, 7);
      brush.lineTo(7, 5);
      brush.stroke();
    }
    const pattern = canvas.createPattern(tile, 'repeat') ?? 'transparent';
    this.#hatch = { colour, pattern };
    return pattern;
  }

  #explain(): void {
    const pointer = this.#pointer;
    const index = pointer ? Math.floor((pointer.y - strip + this.#list.scrollTop) / rowHeight) : -1;
    const lane = this.#lanes[index];
    const { from, to } = this.#window;
    const msPerPixel = (to - from) / Math.max(1, this.root.clientWidth - gutter);
    const text =
      pointer && lane && pointer.x > gutter ? describeAt(lane, from + (pointer.x - gutter) * msPerPixel, 6 * msPerPixel, this.#now) : '';
    this.#tooltip.hidden = text === '';
    if (text === '' || !pointer) return;
    setText(this.#tooltip, text);
    const { clientWidth, clientHeight } = this.root;
    const x = Math.min(pointer.x + 14, clientWidth - this.#tooltip.offsetWidth - 8);
    const y = pointer.y + 18 + this.#tooltip.offsetHeight > clientHeight ? pointer.y - this.#tooltip.offsetHeight - 10 : pointer.y + 18;
    this.#tooltip.style.transform = `translate(${x}px, ${y}px)`;
  }
}
