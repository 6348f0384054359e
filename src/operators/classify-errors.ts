import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import * as z from 'zod';
import { type ErrorCategory, errorCategories } from '../core/error-category.ts';
import type { StreamEvent } from '../core/event.ts';
import { callback, milliseconds, parseOptions } from '../core/options.ts';
import { completeError, type ErrorPhase, ProviderError } from '../core/provider-error.ts';
import { type ClassificationConfig, classifyFailure, type Rule } from '../policies/classification.ts';
import { wallClock } from './clock.ts';
import { type ContentConfig, contentTest } from './content.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** How `classifyErrors` tells failures apart, and what it counts as content. */
export interface ClassifyConfig<T> extends ClassificationConfig, ContentConfig<T> {}

let describeByDefault: ClassificationConfig['describeError'];

/**
 * @internal Says how an error is read where nobody says whose it is. The operators know no provider: the entry, which knows them all,
 * binds this once.
 */
export function bindDescribeError(describe: NonNullable<ClassificationConfig['describeError']>): void {
  describeByDefault = describe;
}

const ruleSchema = z.strictObject({
  status: z.union([z.number(), z.array(z.number())], { error: 'must be a status or an array of them' }).optional(),
  code: z.string({ error: 'must be a string' }).optional(),
  message: z.union([z.string(), z.instanceof(RegExp)], { error: 'must be a string or a RegExp' }).optional(),
  when: callback<(error: unknown) => boolean>().optional(),
  category: z.enum(Object.keys(errorCategories) as [ErrorCategory], { error: 'must be an error category' }).optional(),
  retryable: z.boolean({ error: 'must be true or false' }).optional(),
  retryAfterMs: milliseconds(0).optional(),
}) satisfies z.ZodType<Rule>;

/** @internal The schema of the classification, for the client's options too. */
export const classifySchema = z.strictObject({
  rules: z.array(ruleSchema, { error: 'must be an array of rules' }).optional(),
  unknownRetryable: z.boolean({ error: 'must be true or false' }).optional(),
  provider: z.string({ error: 'must be a string' }).optional(),
  model: z.string({ error: 'must be a string' }).optional(),
  describeError: callback<NonNullable<ClassificationConfig['describeError']>>().optional(),
  secrets: callback<NonNullable<ClassificationConfig['secrets']>>().optional(),
  isContent: callback<(value: unknown) => boolean>().optional(),
});

/**
 * Turns every error of a stream into a `ProviderError`; the public `classifyErrors` with the words of no provider but those it is given or was
 * bound to.
 *
 * Emits what the source emits. What fails after content is stamped `phase: 'streaming'`, so that a retry above never repeats text. An
 * answer that is complete and empty is no failure, unless a rule for the code `empty-answer` makes it one.
 */
export function classifyErrors<T>(config: ClassifyConfig<T> = {}): MonoTypeOperatorFunction<T> {
  parseOptions('classifyErrors', classifySchema, config);
  const isContent = contentTest(config);
  return (source) =>
    new Observable((subscriber) => {
      let phase: ErrorPhase = 'connect';
      const fail = (error: unknown): void => {
        const classified = classifyFailure(error, withDefault(config), phase, wallClock());
        subscriber.error(completeError(classified, { phase, provider: config.provider, model: config.model }));
      };
      const phaseOf = (value: T): ErrorPhase => {
        try {
          return isContent(value) ? 'streaming' : 'first-content';
        } catch (error) {
          fail(error);
          return 'local';
        }
      };
      const upstream = new OperatorSubscriber<T>(subscriber, {
        next: (value) => {
          if (phase !== 'streaming') {
            phase = phaseOf(value);
            const empty = phase === 'streaming' ? undefined : emptyAnswer(value, config);
            if (empty) fail(empty);
            if (phase === 'streaming') upstream.passThrough();
          }
          if (!subscriber.closed) subscriber.next(value);
        },
        error: fail,
      });
      source.subscribe(upstream);
    });
}

/**
 * An answer that ends before it has said anything is complete, and no failure; unless a rule for the code `empty-answer` says that it is.
 */
function emptyAnswer(value: unknown, config: ClassificationConfig): ProviderError | undefined {
  const event = value as Partial<StreamEvent> | null | undefined;
  if (event?.type !== 'finish' || !config.rules?.some(({ code }) => code === 'empty-answer')) return undefined;
  const { finishReason } = event as Extract<StreamEvent, { type: 'finish' }>;
  if (finishReason !== 'stop' && finishReason !== 'other') return undefined;
  const reason = 'the answer is complete and empty';
  return classifyFailure(
    new ProviderError({ category: 'invalid-output', code: 'empty-answer', reason }),
    config,
    'first-content',
    wallClock(),
  );
}

/** Says what anything thrown is; for the operators that may be given errors that nobody has classified. */
export function classify(error: unknown, config: ClassifyConfig<never> = {}, phase: ErrorPhase = 'connect'): ProviderError {
  return classifyFailure(error, withDefault(config), phase, wallClock());
}

function withDefault(config: ClassificationConfig): ClassificationConfig {
  return config.describeError === undefined ? { ...config, describeError: describeByDefault } : config;
}
