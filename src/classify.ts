import type { MonoTypeOperatorFunction } from 'rxjs';
import type { ProviderError } from './core/provider-error.ts';
import {
  bindDescribeError,
  type ClassifyConfig,
  classifyErrors as classifyErrorsOf,
  classify as classifyOf,
} from './operators/classify-errors.ts';
import { describeKnownError } from './providers/known-errors.ts';

// An SDK's error says not whose it is: the other operators too, where they stand alone, read it in the words of all.
bindDescribeError(describeKnownError);

/**
 * Turns every error of a stream into a `ProviderError` that says what happened, whether a new request may succeed, and when.
 *
 * Emits what the source emits. What fails after content is stamped `phase: 'streaming'`, so that a retry above never repeats text. An
 * answer that is complete and empty is no failure, unless a rule for the code `empty-answer` makes it one. Without a `describeError`, an
 * error is read in the words of every provider that the library knows.
 *
 * @throws TypeError for an option that is unknown or not of its type.
 *
 * @example
 * ```ts
 * tokens$.pipe(
 *   classifyErrors({ rules: [{ message: 'network issue', category: 'network' }] }),
 *   retry(backoff()),
 * );
 * ```
 *
 * @see [marbles/classify-errors.md](../marbles/classify-errors.md)
 */
export function classifyErrors<T>(config: ClassifyConfig<T> = {}): MonoTypeOperatorFunction<T> {
  return classifyErrorsOf(withKnownErrors(config));
}

/**
 * Says what anything thrown is: our errors, an SDK's, Node's or the browser's; a provider's words as {@link classifyErrors} reads them.
 *
 * @example
 * ```ts
 * classify(new TypeError('fetch failed')).category; // 'network'
 * classify(Object.assign(new Error('busy'), { status: 429, headers: { 'retry-after': '3' } })).retryAfterMs; // 3000
 * ```
 */
export function classify(error: unknown, config: ClassifyConfig<never> = {}): ProviderError {
  return classifyOf(error, withKnownErrors(config));
}

function withKnownErrors<T>(config: ClassifyConfig<T>): ClassifyConfig<T> {
  return config?.describeError === undefined ? { ...config, describeError: describeKnownError } : config;
}
