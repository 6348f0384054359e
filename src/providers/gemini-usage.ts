import { countOf, isObject } from '../core/json-value.ts';
import type { Usage } from '../core/stream-result.ts';

/** The usage of an answer. Every chunk tells it anew and in whole, so the last count holds, also a smaller one. */
export class GeminiUsage {
  #prompt = 0;
  /** What tools that Google runs put before the model. */
  #toolUse = 0;
  #candidates = 0;
  #thoughts: number | undefined;
  #cached: number | undefined;
  #total: number | undefined;
  /** Whether the last usage counted anything else than the one before. */
  changed = false;

  /** Takes the `usageMetadata` of a chunk; returns whether it counts anything: on Vertex it may hold nothing but a `trafficType`. */
  add(reported: unknown): boolean {
    if (!isObject(reported)) return false;
    const prompt = countOf(reported.promptTokenCount);
    const candidates = countOf(reported.candidatesTokenCount);
    const total = countOf(reported.totalTokenCount);
    if (prompt === undefined && candidates === undefined && total === undefined) return false;
    const before = this.#sum;
    this.#prompt = prompt ?? this.#prompt;
    this.#candidates = candidates ?? this.#candidates;
    this.#toolUse = countOf(reported.toolUsePromptTokenCount) ?? this.#toolUse;
    this.#thoughts = countOf(reported.thoughtsTokenCount) ?? this.#thoughts;
    this.#cached = countOf(reported.cachedContentTokenCount) ?? this.#cached;
    this.#total = total;
    this.changed = this.#sum !== before;
    return true;
  }

  get #sum(): number {
    return this.#prompt + this.#toolUse + this.#candidates + (this.#thoughts ?? 0);
  }

  /** The usage so far. Thoughts are counted beside the candidates, and paid as output. */
  read(estimated: boolean): Usage {
    const inputTokens = this.#prompt + this.#toolUse;
    const outputTokens = this.#candidates + (this.#thoughts ?? 0);
    return {
      inputTokens,
      outputTokens,
      totalTokens: this.#total ?? inputTokens + outputTokens,
      ...(this.#cached === undefined ? {} : { cachedInputTokens: this.#cached }),
      ...(this.#thoughts === undefined ? {} : { reasoningTokens: this.#thoughts }),
      estimated,
    };
  }
}
