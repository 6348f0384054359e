import type { BreakerReason } from '../../index.ts';
import type { BreakerView, Lanes } from '../lane.ts';
import { element } from './element.ts';
import { countdown, duration } from './words.ts';

const maxShown = 12;
const reasons: Readonly<Record<BreakerReason, string>> = {
  'failure-ratio': 'too many failures',
  'death-ratio': 'too many answers broke',
  'slow-ratio': 'too slow',
  'consecutive-failures': 'failures in a row',
  probe: 'told by a probe',
  'wait-over': 'being probed',
  'by-hand': 'by hand',
};
const breakerOrder = { open: 0, isolated: 1, 'half-open': 2, closed: 3 };

/** Breakers, cooldowns and retry budgets. */
export class HealthPanel {
  readonly root = element('div', { class: 'health' });
  #shown = '';

  draw(model: Lanes, now: number): void {
    const breakers = [...model.breakers.values()].sort((a, b) => breakerOrder[a.state] - breakerOrder[b.state]).slice(0, maxShown);
    const cooldowns = model.cooldowns.filter(({ waitMs, waiting }) => waiting > 0 || waitMs > now - model.gaugedAt).slice(0, maxShown);
    const budgets = model.budgets.slice(0, maxShown);
    const cards = [
      card('Circuit breakers', breakers.length === 0 ? 'None has opened.' : '', ...breakers.map((each) => breakerItem(each, now))),
      card(
        'Cooldowns',
        cooldowns.length === 0 ? 'Nobody waits for a provider.' : '',
        ...cooldowns.map(({ provider, model: name, waitMs, waiting }) =>
          item('cooldown', `${provider} ${name}`, countdown(waitMs - (now - model.gaugedAt)), `${waiting} waiting`),
        ),
      ),
      card(
        'Retry budget',
        budgets.length === 0 ? 'Not told: pass budget to startInspector.' : '',
        ...budgets.map(({ provider, tokens, most }) => {
          const level = Math.max(0, Math.min(1, tokens / most));
          const bar = element('meter', {
            min: 0,
            max: 1,
            low: 0.25,
            high: 0.5,
            optimum: 1,
            value: level.toFixed(2),
            'aria-label': `${provider}: tokens left`,
          });
          return element(
            'div',
            { class: 'item' },
            element('div', { class: 'line' }, element('b', {}, provider), `${tokens.toFixed(1)} tokens`),
            bar,
          );
        }),
      ),
    ];
    const html = cards.map(({ outerHTML }) => outerHTML).join('');
    if (html === this.#shown) return;
    this.#shown = html;
    this.root.replaceChildren(...cards);
  }
}

function card(title: string, empty: string, ...items: readonly Node[]): HTMLElement {
  return element(
    'section',
    { class: 'card', 'data-card': title },
    element('h2', {}, title),
    empty !== '' && element('p', { class: 'none' }, empty),
    ...items,
  );
}

function item(state: string, name: string, value: string, detail: string): HTMLElement {
  return element(
    'div',
    { class: 'item', 'data-state': state },
    element('div', { class: 'line' }, element('b', {}, name), element('span', { class: 'badge' }, value)),
    detail !== '' && element('div', { class: 'detail' }, detail),
  );
}

function breakerItem(
  { client, provider, model, state, since, reason, openUntil, failureRatio, openings }: BreakerView,
  now: number,
): HTMLElement {
  const probe = openUntil !== undefined && openUntil > now ? `probe in ${countdown(openUntil - now)}` : 'a probe may pass';
  // One that has never opened has no story.
  const facts = [
    (openings > 0 || state !== 'closed') && `since ${duration(now - since).replace(/\.\d+/, '')}`,
    state === 'open' && probe,
    reason && reasons[reason],
    failureRatio !== undefined && failureRatio > 0 && `${Math.round(failureRatio * 100)} % failures`,
    openings > 1 && `opened ${openings} times`,
  ];
  return item(state, `${client ? `${client} · ` : ''}${provider} ${model}`, state, facts.filter(Boolean).join(' · '));
}
