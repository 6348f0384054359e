import type { Observer } from 'rxjs';
import * as z from 'zod';
import type { LifecycleEvent } from './core/lifecycle.ts';
import { callback, count, parseOptions } from './core/options.ts';
import type { ProviderError } from './core/provider-error.ts';
import { sanitize } from './core/sanitize.ts';
import { Guard } from './telemetry/guard.ts';
import { RunningCalls } from './telemetry/running-calls.ts';

/** How much something matters, as loggers have it. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What pino, and others, are: a method a level, for facts and a message. */
export type Logger = { readonly [level in LogLevel]: (facts: object, message: string) => unknown };

/** What is logged. */
export interface LogOptions {
  /** The least that is logged. Default: `'info'`. */
  readonly level?: LogLevel | undefined;
  /** Lines of one call, its last included. Default: 50. */
  readonly maxLines?: number | undefined;
  /** Told of the first failure of the logger. Default: a line of `console.warn`. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const maxCalls = 10_000;

const loggerSchema = z.custom<Logger>((value) => levels.every((level) => typeof (value as Logger | undefined)?.[level] === 'function'), {
  error: `must have the methods ${levels.join(', ')}`,
});
const schema = z.strictObject({
  level: z.enum(levels, { error: `must be one of ${levels.join(', ')}` }).default('info'),
  maxLines: count(1).default(50),
  onError: callback<(error: unknown) => void>().optional(),
});

type CallMoment = Exclude<LifecycleEvent, { readonly type: 'breaker' }>;

/**
 * A line of a log for what is worth one in the life of a call: retries, recoveries, fallbacks, refusals, waits, ends, and changes of breakers.
 *
 * A line has the request id, provider, model, attempt, and the facts of the step. Nothing that a user, a model or a provider said is in it, and no secret.
 * Of a call that has more to tell than `maxLines`, the rest is counted on its last line. What the logger throws is caught: a stream never feels it.
 *
 * @throws TypeError for an option that is unknown or out of range; the message names it.
 *
 * @example
 * ```ts
 * client.lifecycle$.subscribe(logLifecycle(pino()));
 * ```
 */
export function logLifecycle(logger: Logger, options: LogOptions = {}): Observer<LifecycleEvent> {
  parseOptions('logLifecycle', z.object({ logger: loggerSchema }), { logger });
  const { level: least, maxLines, onError } = parseOptions('logLifecycle', schema, options);
  const guard = new Guard('logLifecycle', onError);
  const calls = new RunningCalls<{ lines: number }>(maxCalls);

  const write = (event: LifecycleEvent): void => {
    const isLast = event.type === 'finish' || event.type === 'error' || event.type === 'cancel';
    if (event.type === 'begin') calls.set(event.callId, { lines: 0 });
    const level = levelOf(event);
    const call = event.type === 'breaker' ? undefined : isLast ? calls.take(event.callId) : calls.get(event.callId);
    // Of a call that began before anybody listened, or was given up among too many, only the end is told.
    const isKnown = call !== undefined || isLast || event.type === 'breaker' || event.type === 'usage';
    if (!isKnown || levels.indexOf(level) < levels.indexOf(least)) return;
    if (call) call.lines++;
    if (call && !isLast && call.lines >= maxLines) return;
    const dropped = call && isLast ? call.lines - maxLines : 0;
    const facts = { ...factsOf(event), ...(dropped > 0 && { droppedLines: dropped }) };
    // Not awaited, and called on its object: loggers are classes.
    guard.run(() => logger[level](facts, `steadystream ${event.type}`));
  };

  return {
    next: (event) => {
      guard.run(() => write(event));
    },
    error: () => calls.clear(),
    complete: () => calls.clear(),
  };
}

function levelOf(event: LifecycleEvent): LogLevel {
  switch (event.type) {
    case 'retry':
    case 'recovery':
    case 'fallback':
    case 'refusal':
    case 'restart':
      return 'warn';
    case 'breaker':
      return event.to === 'open' ? 'warn' : 'info';
    case 'error':
      return event.error.category === 'cancelled' ? 'info' : 'error';
    case 'cooldown':
    case 'seam':
    case 'finish':
    case 'cancel':
      return 'info';
    default:
      return 'debug';
  }
}

function factsOf(event: LifecycleEvent): object {
  const { provider, model } = event;
  const target = { provider: sanitize(provider, [], 128), model: sanitize(String(model), [], 128) };
  if (event.type === 'breaker') {
    const { from, to, reason, openForMs } = event;
    return { ...target, from, to, reason, openForMs };
  }
  const { requestId, callId, attempt, elapsedMs } = event;
  return { requestId, callId, ...target, attempt, elapsedMs: Math.round(elapsedMs), ...ownFactsOf(event) };
}

function ownFactsOf(event: CallMoment): object {
  switch (event.type) {
    case 'headers':
      return { status: event.status, providerRequestId: event.providerRequestId };
    case 'attempt-end':
      return { outcome: event.outcome, ...(event.error && { error: failureOf(event.error) }) };
    case 'retry':
      return { delayMs: Math.round(event.delayMs), error: failureOf(event.error) };
    case 'recovery':
      return { verb: event.verb, delayMs: Math.round(event.delayMs), error: failureOf(event.error) };
    case 'fallback':
      return { to: { provider: event.to.provider, model: event.to.model }, error: failureOf(event.error) };
    case 'refusal':
    case 'restart':
      return { error: failureOf(event.error) };
    case 'cooldown':
      return { waitMs: Math.round(event.waitMs) };
    case 'finish':
      return { finishReason: event.finishReason, usage: event.usage, usageOverAllAttempts: event.usageOverAllAttempts };
    case 'error':
      return { usage: event.usage, error: failureOf(event.error), attempts: event.error.attempts.length };
    case 'cancel':
    case 'usage':
      return { usage: event.usage };
    default:
      return {};
  }
}

/** Not the provider's words: they may be the user's. */
function failureOf({ message, category, phase, status, code, timeout, gaveUp, retryAfterMs, providerRequestId }: ProviderError): object {
  return { message, category, phase, status, code, timeout, gaveUp, retryAfterMs, providerRequestId };
}
