import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import type { EventLike, StreamEvent } from '../core/event.ts';
import { count, limit } from '../core/options.ts';
import { completeError, type ErrorInit, ProviderError } from '../core/provider-error.ts';
import type { FinishReason } from '../core/stream-result.ts';
import type { JsonFailure } from '../policies/json-parser.ts';
import type { JsonText } from '../policies/json-text.ts';
import { Delivered } from './checkpoint.ts';

/** What a typed answer may take of memory. */
export interface JsonConfig {
  /** Characters of the answer; with `elements`, of one element. More raises `buffer-overflow`. Default: 4,194,304. */
  readonly maxCharacters?: number | undefined;
  /** Arrays and objects in one another, from 1 to 10,000. More raises `invalid-output`. Default: 512. */
  readonly maxDepth?: number | undefined;
}

/** @internal The options of every typed answer, checked; defaults filled in. */
export const jsonLimits = {
  maxCharacters: limit(1).default(defaults.json.maxCharacters),
  maxDepth: count(1, 10_000).default(defaults.json.maxDepth),
};

/** @internal */
export const jsonSchema = z.strictObject(jsonLimits);

/** What is known of an answer when its JSON turns out to be wrong. */
export class JsonAnswer {
  readonly #delivered = new Delivered();
  #origin: Partial<ErrorInit> = {};
  #finishReason: FinishReason | undefined;

  /** The text so far, or `undefined` where its beginning is no longer kept. */
  get text(): string | undefined {
    const partial = this.#delivered.partial?.();
    return partial?.truncated ? undefined : (partial?.text ?? '');
  }

  add(value: EventLike): void {
    this.#delivered.add(value);
    const event = value as StreamEvent;
    if (event.type === 'start' || event.type === 'restart' || event.type === 'seam') {
      const { requestId, attempt, provider, model } = event;
      this.#origin = { requestId, attempt, provider, model };
    } else if (event.type === 'finish') this.#finishReason = event.finishReason;
    if (event.type === 'restart') this.#finishReason = undefined;
  }

  /** Tells an error which answer it is about. */
  complete(error: ProviderError): ProviderError {
    return completeError(error, { ...this.#origin, partial: this.#delivered.partial });
  }

  /** The error of an answer whose JSON is wrong, or that has none: why it has none, if the stream said so. */
  failed(failure: JsonFailure, text: JsonText): ProviderError {
    return this.complete(new ProviderError({ phase: 'streaming', ...this.#describe(failure, text) }));
  }

  #describe(failure: JsonFailure, text: JsonText): ErrorInit {
    const { kind, reason } = failure;
    if (kind === 'too-long') return { category: 'buffer-overflow', reason, phase: 'local' };
    const refusal = this.#delivered.partial?.().refusal;
    if (this.#finishReason === 'content-filter')
      return { category: 'content-filter', reason: `a content filter cut the answer: ${reason}` };
    if (this.#finishReason === 'refusal' || refusal) {
      return { category: 'invalid-output', code: 'refusal', reason: 'the model refused', detail: refusal ?? text.prose.slice(0, 4_096) };
    }
    if (this.#finishReason === 'length' && kind === 'incomplete') {
      return { category: 'invalid-output', code: 'length', reason: `the answer was cut at the limit on output tokens: ${reason}` };
    }
    return { category: 'invalid-output', code: 'json', reason, detail: text.prose.slice(0, 4_096) || undefined };
  }
}
