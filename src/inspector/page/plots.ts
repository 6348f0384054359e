import uPlot from 'uplot';
import type { LaneSample } from '../lane.ts';
import { element } from './element.ts';
import type { Theme } from './theme.ts';
import type { Window } from './view.ts';

const height = 132;
const medianOf = 15;

type Field = 'firstContentMs' | 'tokensPerSecond';

/** Two plots over the time that is shown: a point for each stream, and the median of the latest. */
export class Plots {
  readonly root = element('div', { class: 'plots' });
  readonly #plots: readonly Plot[];

  constructor() {
    this.#plots = [
      new Plot('Time to first content', 'firstContentMs', (value) =>
        value >= 1_000 ? `${+(value / 1_000).toFixed(1)} s` : `${Math.round(value)} ms`,
      ),
      new Plot('Tokens a second', 'tokensPerSecond', (value) => String(+value.toFixed(value < 10 ? 1 : 0))),
    ];
    this.root.append(...this.#plots.map(({ root }) => root));
  }

  draw(samples: readonly LaneSample[], window: Window, theme: Theme): void {
    for (const plot of this.#plots) plot.draw(samples, window, theme);
  }
}

class Plot {
  readonly root: HTMLElement;
  readonly #field: Field;
  readonly #format: (value: number) => string;
  readonly #figure = element('div', { class: 'figure' });
  readonly #latest = element('span', { class: 'latest' });
  #plot: uPlot | undefined;
  #theme: Theme | undefined;
  #width = 0;
  #window: Window = { from: 0, to: 1 };

  constructor(title: string, field: Field, format: (value: number) => string) {
    this.#field = field;
    this.#format = format;
    this.root = element('section', { class: 'card plot', 'data-plot': field }, element('h2', {}, title, this.#latest), this.#figure);
  }

  draw(samples: readonly LaneSample[], window: Window, theme: Theme): void {
    this.#window = window;
    const points = samples.filter((sample) => sample[this.#field] !== undefined);
    const values = points.map((sample) => sample[this.#field] ?? 0);
    const medians = values.map((_, index) => median(values.slice(Math.max(0, index + 1 - medianOf), index + 1)));
    const last = medians.at(-1);
    this.#latest.textContent = last === undefined ? '' : `median ${this.#format(last)}`;
    this.root.dataset.points = String(points.length);
    const width = this.#figure.clientWidth;
    if (width === 0) return;
    if (!this.#plot || this.#theme !== theme) {
      this.#plot?.destroy();
      this.#theme = theme;
      this.#plot = new uPlot(this.#options(theme, width), [[], [], []], this.#figure);
    } else if (width !== this.#width) this.#plot.setSize({ width, height });
    this.#width = width;
    this.#plot.setData([points.map(({ at }) => at / 1_000), values, medians]);
  }

  #options(theme: Theme, width: number): uPlot.Options {
    const axis: uPlot.Axis = {
      stroke: theme.muted,
      font: '10px system-ui, sans-serif',
      grid: { stroke: theme.faint, width: 1 },
      ticks: { show: false },
    };
    return {
      ...{ width, height, padding: [8, 6, 0, 0] },
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: true, range: () => [this.#window.from / 1_000, this.#window.to / 1_000] },
        y: { range: (_plot, _min, max) => [0, Number.isFinite(max) && max > 0 ? max * 1.15 : 1] },
      },
      axes: [
        { ...axis, size: 22, space: 70, values: (_plot, ticks) => ticks.map((tick) => new Date(tick * 1_000).toTimeString().slice(0, 8)) },
        { ...axis, size: 46, values: (_plot, ticks) => ticks.map((tick) => this.#format(tick)) },
      ],
      series: [
        {},
        { stroke: theme.content, paths: () => null, points: { show: true, size: 5, fill: theme.content, stroke: theme.surface, width: 1 } },
        { stroke: theme.ok, width: 1.75, points: { show: false } },
      ],
    };
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
