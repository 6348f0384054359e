import { element } from './element.ts';
import type { Keys } from './keyboard.ts';

const signs = [
  ['connecting', 'asked, no headers yet'],
  ['held', 'headers are there, no content: the preamble is held back'],
  ['content', 'content; the ring is the first of it'],
  ['retry', 'wait before a retry, with what is left of it'],
  ['cooldown', 'wait for its turn: the provider asked for a pause'],
  ['refused', 'refused on this side: a breaker is open, or a wait would be too long'],
  ['fallback', 'another provider or model takes over'],
  ['seam', 'the answer goes on after it broke'],
] as const;

/** What keys do, and what signs mean. */
export class HelpDialog {
  readonly root = element('dialog', { class: 'help', 'aria-label': 'Keys and signs' });

  toggle(keys: Keys): void {
    if (this.root.open) {
      this.root.close();
      return;
    }
    const keyRows = Object.entries(keys).map(([key, { help }]) => {
      const name = key === ' ' ? 'Space' : key.replace(/^Arrow/, '');
      return row(element('kbd', {}, name), help);
    });
    const signRows = signs.map(([name, words]) => row(element('i', { class: `sign ${name}` }), words));
    this.root.replaceChildren(
      element('section', {}, element('h2', {}, 'Keys'), element('dl', { class: 'two' }, ...keyRows)),
      element('section', {}, element('h2', {}, 'Signs'), element('dl', {}, ...signRows)),
    );
    this.root.showModal();
  }
}

function row(sign: Node, words: string): HTMLElement {
  return element('div', {}, element('dt', {}, sign), element('dd', {}, words));
}
