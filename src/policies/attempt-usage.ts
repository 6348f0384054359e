import type { StreamRequest } from '../core/request.ts';
import type { Usage } from '../core/stream-result.ts';
import { addUsage, type EstimateConfig, estimateInputTokens, estimateTokens } from '../core/usage.ts';

/** What a usage has to know of the call around it. */
export interface CallUsage {
  /** What the other attempts have cost. */
  others(of: AttemptUsage): readonly Usage[];
  /** The text that the call has delivered, for a tokenizer. */
  answer(): string;
}

/**
 * What one attempt costs: what its provider reports, and an estimate of what it does not.
 *
 * Providers report at the end, and some not at all; an attempt that is cut has read its input and written what came all the same.
 */
export class AttemptUsage {
  readonly #request: StreamRequest;
  readonly #config: EstimateConfig;
  readonly #call: CallUsage;
  #hasBegun = false;
  #characters = 0;
  #reported: Usage | undefined;

  constructor(request: StreamRequest, config: EstimateConfig, call: CallUsage) {
    this.#request = request;
    this.#config = config;
    this.#call = call;
  }

  /** Whether it has written anything. */
  get hasOutput(): boolean {
    return this.#characters > 0;
  }

  /** The provider has begun to answer: from here on the input is charged. */
  begin(): void {
    this.#hasBegun = true;
  }

  /** So many characters of output came. */
  write(characters: number): void {
    this.#characters += characters;
  }

  /** The provider told what it counted so far. */
  report(usage: Usage): void {
    this.#reported = usage;
  }

  /** The answer is whole: what it cost, and what the call did, where other attempts had a cost too. */
  settle(usage: Usage): { readonly usage: Usage; readonly usageOverAllAttempts?: Usage } {
    this.#reported = usage;
    const own = this.read() ?? usage;
    const others = this.#call.others(this);
    return others.length > 0 ? { usage: own, usageOverAllAttempts: addUsage(own, ...others) } : { usage: own };
  }

  /** The usage so far; `undefined` for an attempt that was refused. */
  read(): Usage | undefined {
    const reported = this.#reported;
    if (!this.#hasBegun || reported?.estimated === false) return reported;
    const inputTokens = reported?.inputTokens || this.#estimateInput();
    const outputTokens = Math.max(reported?.outputTokens ?? 0, this.#estimateOutput());
    return { ...reported, inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, estimated: true };
  }

  #estimateInput(): number {
    const { messages, rawBody } = this.#request;
    return rawBody ? estimateTokens(JSON.stringify(rawBody), this.#config) : estimateInputTokens(messages, this.#config);
  }

  #estimateOutput(): number {
    const { charactersPerToken = 4, countTokens } = this.#config;
    return countTokens ? estimateTokens(this.#call.answer(), this.#config) : Math.round(this.#characters / charactersPerToken);
  }
}
