import { countOf, isObject } from '../core/json-value.ts';
import type { Usage } from '../core/stream-result.ts';

/**
 * The usage of a message. It is cumulative and told in parts: each count that is told replaces the one before; `null` leaves it.
 */
export class AnthropicUsage {
  #input = 0;
  #cacheRead: number | undefined;
  #cacheWrite: number | undefined;
  #output = 0;
  #final = false;

  /**
   * Takes the usage of a message; returns whether it told anything.
   *
   * @param final Whether the output is counted to its end: at the start of a message it is not.
   */
  add(reported: unknown, final: boolean): boolean {
    if (!isObject(reported)) return false;
    const input = countOf(reported.input_tokens);
    const output = countOf(reported.output_tokens);
    this.#input = input ?? this.#input;
    this.#output = output ?? this.#output;
    this.#cacheRead = countOf(reported.cache_read_input_tokens) ?? this.#cacheRead;
    this.#cacheWrite = countOf(reported.cache_creation_input_tokens) ?? sumOf(reported.cache_creation) ?? this.#cacheWrite;
    if (final && output !== undefined) this.#final = true;
    return input !== undefined || output !== undefined;
  }

  /** The usage so far; what the cache read or wrote is part of the input. */
  read(): Usage {
    const inputTokens = this.#input + (this.#cacheRead ?? 0) + (this.#cacheWrite ?? 0);
    return {
      inputTokens,
      outputTokens: this.#output,
      totalTokens: inputTokens + this.#output,
      ...(this.#cacheRead === undefined ? {} : { cachedInputTokens: this.#cacheRead }),
      ...(this.#cacheWrite === undefined ? {} : { cacheWriteTokens: this.#cacheWrite }),
      estimated: !this.#final,
    };
  }
}

/** What was written to the cache, told apart by how long it is kept. */
function sumOf(written: unknown): number | undefined {
  if (!isObject(written)) return undefined;
  const counts = Object.values(written).flatMap((value) => countOf(value) ?? []);
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count);
}
