import uPlotStyle from 'uplot/dist/uPlot.min.css';
import { lanesToChromeTrace } from '../chrome-trace.ts';
import { noLanes } from '../lanes.ts';
import { DetailsPanel } from './details-panel.ts';
import { element, setText } from './element.ts';
import { Feed } from './feed.ts';
import { Header } from './header.ts';
import { HealthPanel } from './health-panel.ts';
import { HelpDialog } from './help-dialog.ts';
import { type Keys, listenToKeys } from './keyboard.ts';
import { LanesPanel } from './lanes-panel.ts';
import { Plots } from './plots.ts';
import style from './style.css';
import { Themes } from './theme.ts';
import { lanesIn, newView, spans, windowOf } from './view.ts';

const sideEvery = 200;

for (const text of [uPlotStyle, style]) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets.push(sheet);
}

const view = newView();
let isDirty = true;
const changed = (): void => {
  isDirty = true;
};
const themes = new Themes(changed);
const feed = new Feed(noLanes(), changed);
const select = (key: string | undefined): void => {
  view.selected = key === view.selected ? undefined : key;
  changed();
};
const details = new DetailsPanel(() => select(view.selected));
const health = new HealthPanel();
const plots = new Plots();
const spoken = element('div', { class: 'spoken', 'aria-live': 'polite' });
const help = new HelpDialog();
const header = new Header(view, {
  changed,
  pause,
  follow,
  zoom: (span) => {
    view.span = span;
    changed();
  },
  toggleTheme: () => themes.toggle(),
  saveTrace,
  help: () => help.toggle(keys),
});
const lanesPanel = new LanesPanel(header.filters, select);
document.body.replaceChildren(
  header.root,
  element('main', {}, element('div', { class: 'left' }, lanesPanel.root, details.root), element('aside', {}, plots.root, health.root)),
  spoken,
  help.root,
);

function shown() {
  const { frozen } = view;
  return frozen ?? { model: feed.model, now: feed.now() };
}

function pause(): void {
  if (view.frozen || view.end !== undefined) follow();
  else if (!feed.isLog) view.frozen = shown();
  changed();
}

function follow(): void {
  view.frozen = undefined;
  view.end = undefined;
  changed();
}

function move(share: number): void {
  const { model, now } = shown();
  const { from, to } = windowOf(view, model, now);
  if (view.span === Number.POSITIVE_INFINITY) return;
  const end = (view.end ?? now) + (to - from) * share;
  view.end = end >= now ? undefined : end;
  changed();
}

function zoom(by: number): void {
  const index = (spans as readonly number[]).indexOf(view.span);
  view.span = spans[Math.max(0, Math.min(spans.length - 1, index + by))] ?? view.span;
  changed();
}

function step(by: number): void {
  const { shown: lanes } = lanesPanel;
  const index = lanes.findIndex(({ key }) => key === view.selected);
  const next = lanes[index === -1 ? 0 : Math.max(0, Math.min(lanes.length - 1, index + by))];
  if (!next) return;
  view.selected = next.key;
  lanesPanel.reveal(next.key);
  setText(spoken, `${next.provider} ${next.model}, ${next.outcome}, request ${next.requestId}`);
  changed();
}

function saveTrace(): void {
  const { model, now } = shown();
  const blob = new Blob([JSON.stringify(lanesToChromeTrace({ lanes: model.lanes, at: now }))], { type: 'application/json' });
  const url = URL.createObjectURL(blob);
  const stamp = new Date(now).toISOString().slice(0, 19).replace(/[:T]/g, '-');
  element('a', { href: url, download: `steadystream-trace-${stamp}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const keys: Keys = {
  ArrowUp: { help: 'the stream above', run: () => step(-1) },
  ArrowDown: { help: 'the stream below', run: () => step(1) },
  ArrowLeft: { help: 'back in time', run: () => move(-0.25) },
  ArrowRight: { help: 'forward in time', run: () => move(0.25) },
  '+': { help: 'less time, nearer', run: () => zoom(-1) },
  '-': { help: 'more time', run: () => zoom(1) },
  ' ': { help: 'pause, or follow what happens now', run: pause },
  '/': { help: 'search', run: () => header.search.focus() },
  e: { help: 'save a trace', run: saveTrace },
  t: { help: 'dark or light', run: () => themes.toggle() },
  '?': { help: 'these keys', run: () => help.toggle(keys) },
  Escape: { help: 'close what is selected', run: () => (help.root.open ? help.root.close() : select(view.selected)) },
};
listenToKeys(keys);

function hintFor(shownLanes: number): string {
  const { model } = shown();
  if (shownLanes > 0) return '';
  if (model.lanes.size === 0) return feed.isLog ? 'The log holds no streams.' : 'No streams yet. They appear here as they begin.';
  const isFiltered = view.target !== '' || view.search !== '' || view.outcomes.size > 0 || view.onlyRetried;
  return isFiltered
    ? 'No stream of this time matches the filters.'
    : `No streams in this time. ${model.lanes.size} earlier ones: choose All.`;
}

let drawnAt = 0;
let snapshots = 0;
let frames = 0;

function frame(): void {
  requestAnimationFrame(frame);
  const { model, now } = shown();
  if (feed.snapshots !== snapshots) {
    // A page that opens on what is over shows it, not an empty minute.
    const window = windowOf(view, model, now);
    if (snapshots === 0 && (feed.isLog || (model.lanes.size > 0 && lanesIn(view, model, window).length === 0)))
      view.span = Number.POSITIVE_INFINITY;
    snapshots = feed.snapshots;
  }
  const isStill = view.frozen !== undefined || feed.isLog;
  const isDue = performance.now() - drawnAt >= sideEvery;
  if (isStill && !isDirty && !isDue) return;
  const window = windowOf(view, model, now);
  const lanes = lanesIn(view, model, window);
  lanesPanel.draw(lanes, window, now, themes.current, view.selected, hintFor(lanes.length));
  frames++;
  if (!isDue && !isDirty) return;
  isDirty = false;
  if (!isDue) return;
  drawnAt = performance.now();
  header.draw(model, feed.isConnected, feed.isLog);
  details.draw(view.selected === undefined ? undefined : model.lanes.get(view.selected), now);
  health.draw(model, now);
  plots.draw(model.samples, window, themes.current);
}
requestAnimationFrame(frame);

// For a look from the console.
Object.assign(globalThis, {
  inspector: {
    get lanes() {
      return [...shown().model.lanes.values()];
    },
    get frames() {
      return frames;
    },
  },
});
