import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';

/** Of one message; more than any has. */
const maxCitations = 1_024;

/** Keeps the citations of each block of text, which the provider wants back with the text: a search cannot be cited again without them. */
export class AnthropicCitations {
  readonly #byIndex = new Map<unknown, JsonObject[]>();
  #count = 0;

  add(index: unknown, citation: unknown): void {
    if (!isObject(citation) || this.#count >= maxCitations) return;
    this.#count++;
    const known = this.#byIndex.get(index);
    if (known === undefined) this.#byIndex.set(index, [citation]);
    else known.push(citation);
  }

  /** Those of a block that has stopped, as metadata of its text. */
  take(index: unknown, id: string): ProviderEvent | undefined {
    const citations = this.#byIndex.get(index);
    if (citations === undefined) return undefined;
    this.#byIndex.delete(index);
    return { type: 'text-delta', id, text: '', providerMetadata: { anthropic: { citations } } };
  }
}
