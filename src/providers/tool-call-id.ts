import { randomId } from '../core/random-id.ts';

/** Nine letters and digits for any text, the same each time: an id as Mistral asks for it, and as fit for all others. */
export function nineLetters(seed: string): string {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let index = 0; index < seed.length; index++) {
    low = Math.imul(low ^ seed.charCodeAt(index), 0x01000193);
    high = Math.imul(high ^ low, 0x85ebca6b);
  }
  return `${(low >>> 0).toString(36)}${(high >>> 0).toString(36)}`.padEnd(9, '0').slice(0, 9);
}

/**
 * The ids of the calls of one answer, each given once: a call whose id is missing or taken gets one of our own.
 *
 * That is the same for the same answer, where the answer has an id; without one the calls of two turns would be called the same, and it is random.
 */
export class ToolCallIds {
  readonly #taken = new Set<string>();
  #random: string | undefined;

  /**
   * Gives a call its id.
   *
   * @param ownId What the provider calls it; empty or `undefined` for nothing.
   * @param responseId Of the answer; empty where it is not known.
   * @param place Tells the call from others of the answer. Default: how many were given.
   */
  give(ownId: string | undefined, responseId: string, place?: string): string {
    const id = ownId && !this.#taken.has(ownId) ? ownId : this.#make(responseId || ownId || this.#unique(), place);
    this.#taken.add(id);
    return id;
  }

  #make(answer: string, place: string | undefined): string {
    const seed = place === undefined ? answer : `${answer}/${place}`;
    let salt = place === undefined ? this.#taken.size : 0;
    let id: string;
    do id = nineLetters(`${seed}/${salt++}`);
    while (this.#taken.has(id));
    return id;
  }

  #unique(): string {
    this.#random ??= randomId();
    return this.#random;
  }
}
