import { defaults } from '../core/defaults.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';

const { maxToolInput } = defaults.decoder;
const maxDetails = 1_024;

/**
 * Puts OpenRouter's `reasoning_details` together again: they come in pieces, and have to go back whole, with their signatures.
 *
 * Beyond a limit there are none: half of them would be refused.
 */
export class ReasoningDetails {
  #details: Record<string, unknown>[] = [];
  #characters = 0;
  #isFull = false;

  /** What has come so far; `undefined` where it is nothing, or too much. */
  get whole(): readonly JsonObject[] | undefined {
    return this.#isFull || this.#details.length === 0 ? undefined : this.#details;
  }

  /** Takes `delta.reasoning_details`. */
  add(details: readonly unknown[]): void {
    for (const detail of details) if (isObject(detail) && !this.#isFull) this.#take(detail);
  }

  #take(detail: JsonObject): void {
    this.#characters += lengthOf(detail.text) + lengthOf(detail.summary) + lengthOf(detail.data);
    const last = this.#details.at(-1);
    if (last !== undefined && isContinued(last, detail)) join(last, detail);
    else this.#details.push({ ...detail });
    if (this.#characters <= maxToolInput && this.#details.length <= maxDetails) return;
    this.#isFull = true;
    this.#details = [];
  }
}

/** Whether a detail is the next piece of the last one, and not one of its own. */
function isContinued(last: JsonObject, { type, index, id, data }: JsonObject): boolean {
  const same = (one: unknown, other: unknown): boolean => one == null || other == null || one === other;
  return type === last.type && same(last.index, index) && same(last.id, id) && data === undefined;
}

function join(last: Record<string, unknown>, detail: JsonObject): void {
  for (const [name, value] of Object.entries(detail)) {
    const known = last[name];
    const isPiece = (name === 'text' || name === 'summary') && typeof known === 'string' && typeof value === 'string';
    if (isPiece) last[name] = known + value;
    else if (value !== null && value !== undefined && name !== '__proto__') last[name] = value;
  }
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' ? value.length : 0;
}
