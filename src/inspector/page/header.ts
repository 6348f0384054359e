import type { LaneOutcome, Lanes } from '../lane.ts';
import { element, setText } from './element.ts';
import { spans, targetsOf, type View } from './view.ts';
import { outcomeGlyphs, outcomeWords } from './words.ts';

/** What the buttons do. */
export interface Actions {
  changed(): void;
  pause(): void;
  follow(): void;
  zoom(span: number): void;
  toggleTheme(): void;
  saveTrace(): void;
  help(): void;
}

const outcomes: readonly LaneOutcome[] = ['running', 'ok', 'failed', 'cancelled'];
const spanWords = ['15 s', '1 min', '5 min', 'All'];
const maxTargets = 100;

/** Totals, filters and buttons. */
export class Header {
  readonly root: HTMLElement;
  /** Whom and what to show; stands above the names of the lanes. */
  readonly filters: HTMLElement;
  readonly search: HTMLInputElement;
  readonly #view: View;
  readonly #counts = new Map<string, { readonly chip: HTMLElement; readonly count: HTMLElement }>();
  readonly #spans: readonly HTMLElement[];
  readonly #targets: HTMLSelectElement;
  readonly #pause: HTMLElement;
  readonly #connection = element('span', { class: 'connection', role: 'status' });
  #known = '';

  constructor(view: View, actions: Actions) {
    this.#view = view;
    this.search = element('input', {
      type: 'search',
      placeholder: 'Search',
      'aria-label': 'Search',
      title: 'Search (/)',
    });
    this.search.addEventListener('input', () => {
      view.search = this.search.value;
      actions.changed();
    });
    this.#targets = element('select', { 'aria-label': 'Provider and model' }, element('option', { value: '' }, 'All models'));
    this.#targets.addEventListener('change', () => {
      view.target = this.#targets.value;
      actions.changed();
    });
    const chips = [
      ...outcomes.map((outcome) =>
        this.#chip(outcome, outcomeGlyphs[outcome], outcomeWords[outcome], () => toggle(view.outcomes, outcome)),
      ),
      this.#chip('retried', '↻', 'retried', () => {
        view.onlyRetried = !view.onlyRetried;
      }),
    ];
    for (const chip of chips) chip.addEventListener('click', () => actions.changed());
    this.#spans = spans.map((span, index) =>
      element('button', { type: 'button', 'data-span': spanWords[index], onclick: () => actions.zoom(span) }, spanWords[index] ?? ''),
    );
    this.#pause = button('Pause', 'Pause or resume (Space)', actions.pause, 'pause');
    this.filters = element('div', { class: 'filters' }, this.#targets, this.search);
    this.root = element(
      'header',
      { class: 'bar' },
      element(
        'h1',
        {},
        element('span', { class: 'logo', 'aria-hidden': 'true' }),
        'steadystream',
        element('span', { class: 'light' }, ' inspector'),
      ),
      this.#connection,
      element('div', { class: 'chips', role: 'group', 'aria-label': 'Streams by outcome' }, ...chips),
      element('span', { class: 'space' }),
      element('div', { class: 'segments', role: 'group', 'aria-label': 'Time shown' }, ...this.#spans),
      this.#pause,
      button('Save trace', 'Save as a trace for chrome://tracing and ui.perfetto.dev (e)', actions.saveTrace, 'save-trace'),
      button('◐', 'Dark or light (t)', actions.toggleTheme, 'theme'),
      button('?', 'Keys (?)', actions.help, 'help'),
    );
  }

  draw(model: Lanes, isConnected: boolean, isLog: boolean): void {
    const view = this.#view;
    for (const [name, { chip, count }] of this.#counts) {
      setText(count, model.totals[name as keyof Lanes['totals']].toLocaleString('en'));
      const isOn = name === 'retried' ? view.onlyRetried : view.outcomes.has(name as LaneOutcome);
      chip.setAttribute('aria-pressed', String(isOn));
    }
    for (const [index, each] of this.#spans.entries()) each.setAttribute('aria-pressed', String(spans[index] === view.span));
    const isPaused = view.frozen !== undefined || view.end !== undefined;
    setText(this.#pause, isPaused ? 'Resume' : 'Pause');
    this.#pause.setAttribute('aria-pressed', String(isPaused));
    this.#pause.hidden = isLog;
    const state = isLog ? 'recorded' : !isConnected ? 'lost' : isPaused ? 'paused' : 'live';
    this.#connection.dataset.state = state;
    setText(this.#connection, { recorded: 'recorded log', lost: 'connection lost, trying again', paused: 'paused', live: 'live' }[state]);
    this.#offerTargets(model);
  }

  #offerTargets(model: Lanes): void {
    const targets = new Set<string>();
    for (const lane of model.lanes.values()) {
      for (const target of targetsOf(lane)) targets.add(target);
      if (targets.size >= maxTargets) break;
    }
    const sorted = [...targets].sort();
    if (sorted.join('\n') === this.#known) return;
    this.#known = sorted.join('\n');
    const options = sorted.map((target) => element('option', { value: target }, target));
    this.#targets.replaceChildren(element('option', { value: '' }, 'All models'), ...options);
    this.#targets.value = targets.has(this.#view.target) ? this.#view.target : '';
    this.#view.target = this.#targets.value;
  }

  #chip(name: string, glyph: string, word: string, click: () => void): HTMLElement {
    const count = element('b', { class: 'count' }, '0');
    const chip = element(
      'button',
      { class: 'chip', type: 'button', 'data-outcome': name, title: `Only ${word}`, onclick: click },
      element('span', { class: 'glyph', 'aria-hidden': 'true' }, glyph),
      count,
      ` ${word}`,
    );
    this.#counts.set(name, { chip, count });
    return chip;
  }
}

function button(label: string, title: string, click: () => void, name: string): HTMLElement {
  return element('button', { type: 'button', class: 'button', title, 'data-action': name, 'aria-label': title, onclick: click }, label);
}

function toggle<T>(set: Set<T>, value: T): void {
  if (!set.delete(value)) set.add(value);
}
