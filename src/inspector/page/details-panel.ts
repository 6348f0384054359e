import type { Lane, LaneAttempt } from '../lane.ts';
import { toMarbles } from '../lane-marbles.ts';
import { speedOf } from '../lanes.ts';
import { element, setText } from './element.ts';
import { countdown, duration, outcomeGlyphs, outcomeWords } from './words.ts';

const againEvery = 500;

/** All that is known of one stream. */
export class DetailsPanel {
  readonly root = element('section', { class: 'details', 'aria-label': 'The selected stream', hidden: true });
  readonly #close: () => void;
  #shown: Lane | undefined;
  #shownAt = 0;

  constructor(close: () => void) {
    this.#close = close;
  }

  draw(lane: Lane | undefined, now: number): void {
    this.root.hidden = lane === undefined;
    const isStale = lane?.outcome === 'running' && performance.now() - this.#shownAt > againEvery;
    if (!lane || (lane === this.#shown && !isStale)) {
      if (!lane) this.#shown = undefined;
      return;
    }
    // Whoever is selecting text wants it to stay.
    if (lane.key === this.#shown?.key && !getSelection()?.isCollapsed && this.root.contains(getSelection()?.anchorNode ?? null)) return;
    const isAnother = lane.key !== this.#shown?.key;
    this.#shown = lane;
    this.#shownAt = performance.now();
    const { scrollTop } = this.root;
    this.root.replaceChildren(this.#head(lane), facts(lane, now), body(lane, now));
    this.root.scrollTop = isAnother ? 0 : scrollTop;
  }

  #head({ outcome, provider, model, requestId }: Lane): HTMLElement {
    return element(
      'header',
      {},
      element('span', { class: 'outcome', 'data-outcome': outcome }, `${outcomeGlyphs[outcome]} ${outcomeWords[outcome]}`),
      element('h2', {}, `${provider} ${model}`),
      element('code', { class: 'request-id' }, requestId),
      copyButton('Copy id', () => requestId),
      element('button', { class: 'close', type: 'button', 'aria-label': 'Close', title: 'Close (Esc)', onclick: () => this.#close() }, '✕'),
    );
  }
}

function facts(lane: Lane, now: number): HTMLElement {
  const { startedAt, endedAt = now, firstContentAt, usage, finishReason, attempts, retries, error } = lane;
  const speed = speedOf(lane);
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['Took', duration(endedAt - startedAt)],
    ['First content', firstContentAt === undefined ? undefined : duration(firstContentAt - startedAt)],
    ['Attempts', `${attempts.at(-1)?.number ?? 0}${retries > 0 ? ` · ${retries} ${retries === 1 ? 'retry' : 'retries'}` : ''}`],
    ['Tokens', usage && `${usage.inputTokens} in · ${usage.outputTokens} out${usage.estimated ? ' (estimated)' : ''}`],
    ['Speed', speed === undefined ? undefined : `${speed.toFixed(speed < 10 ? 1 : 0)} tokens/s`],
    ['Finish reason', finishReason],
    ['Gave up', error?.gaveUp],
  ];
  const known = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  return element(
    'dl',
    { class: 'facts' },
    ...known.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}

function body(lane: Lane, now: number): HTMLElement {
  const { error, request, text } = lane;
  const marbles = toMarbles(lane, lane.endedAt ?? now);
  return element(
    'div',
    { class: 'columns' },
    element(
      'section',
      { class: 'ledger' },
      element('h3', {}, 'Attempts'),
      ledger(lane, now),
      error && failure(error.message, error.publicMessage, error.detail),
    ),
    element(
      'section',
      { class: 'marbles' },
      element(
        'h3',
        {},
        'As marbles',
        copyButton('Copy', () => `\`\`\`marble\n${marbles}\n\`\`\`\n`),
      ),
      element('pre', { class: 'marble-text', tabindex: 0 }, marbles),
      request !== undefined && element('h3', {}, 'Request'),
      request !== undefined && element('pre', { class: 'content' }, request),
      text !== undefined && element('h3', {}, 'Answer'),
      text !== undefined && element('pre', { class: 'content' }, text),
    ),
  );
}

function ledger(lane: Lane, now: number): HTMLElement {
  const head = ['', 'Asked', 'Began', 'Headers', 'Content', 'Took', 'Ended'];
  const rows = lane.attempts.map((attempt) => {
    const { startedAt, endedAt = now, headersAt, contentAt } = attempt;
    const cells = [
      String(attempt.number),
      `${attempt.provider} ${attempt.model}`,
      `+${duration(startedAt - lane.startedAt)}`,
      headersAt === undefined ? '–' : duration(headersAt - startedAt),
      contentAt === undefined ? '–' : duration(contentAt - startedAt),
      duration(endedAt - startedAt),
    ];
    const result = element('td', { 'data-end': attempt.end ?? 'running', title: attempt.error?.message }, resultOf(lane, attempt, now));
    return element('tr', {}, ...cells.map((cell) => element('td', {}, cell)), result);
  });
  if (rows.length === 0) return element('p', { class: 'none' }, 'No request was made.');
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...head.map((name) => element('th', {}, name)))),
    element('tbody', {}, ...rows),
  );
}

function resultOf(lane: Lane, { end, error, status, endedAt, providerRequestId }: LaneAttempt, now: number): string {
  const wait = lane.waits.find(({ kind, from }) => kind !== 'cooldown' && endedAt !== undefined && Math.abs(from - endedAt) < 5);
  const words = [
    error
      ? `${error.category}${error.status === undefined ? '' : ` ${error.status}`}${error.timeout ? ` ${error.timeout}` : ''}`
      : (end ?? 'running'),
    !error && status !== undefined && status !== 200 && `HTTP ${status}`,
    wait && (wait.endedAt === undefined ? `${wait.kind} in ${countdown(wait.until - now)}` : `then ${duration(wait.endedAt - wait.from)}`),
    providerRequestId,
  ];
  return words.filter(Boolean).join(' · ');
}

function failure(message: string, publicMessage: string, detail: string | undefined): HTMLElement {
  return element(
    'div',
    { class: 'failure' },
    element('p', { class: 'message' }, message),
    detail !== undefined && element('p', { class: 'detail' }, detail),
    element('p', { class: 'public' }, `An end user reads: ${publicMessage}`),
  );
}

function copyButton(label: string, text: () => string): HTMLElement {
  const button = element('button', {
    class: 'copy',
    type: 'button',
    onclick: () => {
      const said = (words: string): void => {
        setText(button, words);
        setTimeout(() => setText(button, label), 1_200);
      };
      navigator.clipboard.writeText(text()).then(
        () => said('Copied'),
        () => said('Not allowed'),
      );
    },
  });
  button.textContent = label;
  return button;
}
