import type { ClientSettings } from './client-options.ts';
import { defaults } from './core/defaults.ts';
import type { EventLike } from './core/event.ts';
import { backoffSchema } from './policies/backoff.ts';

/** The pipeline of a client as text, a step a line in the order that data meets them, with the values in force. */
export function describeClient<E extends EventLike>(settings: ClientSettings<E>): string {
  const { provider, timeout, fallback, hedge, rateLimit, repetitionGuard, maxRequests } = settings;
  const { headers, firstContent, idle, total } = timeout;
  const retry = backoffSchema.parse(settings.retry);
  const steps: readonly (readonly [string, string] | false | undefined)[] = [
    ['provider', provider.name],
    ['decode', `completes at the provider's own end; lingers ${span(defaults.transport.lingerFor)} for the connection`],
    ['streamTimeout', `headers ${span(headers)}, first content ${span(firstContent)}, idle ${span(idle)}`],
    repetitionGuard && ['repetitionGuard', `${repetitionGuard.maxRepeats ?? defaults.repetition.maxRepeats} repeats`],
    ['classifyErrors', `${settings.classify.rules?.length ?? 0} rules of your own`],
    ['circuitBreaker', 'by provider and model; verdict at first content'],
    ['cooldown', `by provider and model; at most ${span(defaults.cooldown.maxWait)}`],
    rateLimit && ['rateLimit', 'requests and estimated tokens'],
    ['holdUntilContent', `${defaults.preamble.maxItems} events`],
    hedge && ['hedge', `after ${span(hedge.after)}${hedge.allowTools ? ', with tools too' : ''}`],
    [
      'retry',
      `${retry.maxAttempts} attempts a target, ${maxRequests} requests a call; ${span(retry.initialDelay)} times ${retry.factor} up to ${span(retry.maxDelay)}, ` +
        `${retry.jitter} jitter; Retry-After up to ${span(retry.maxRetryAfter)}${retry.afterContent ? '; after content too' : ''}`,
    ],
    ['checkpoint', `${defaults.partial.maxCharacters} characters`],
    fallback.length > 0 && ['fallbackTo', fallback.map((target) => `${target.provider.name} ${target.model}`).join(', then ')],
    ['streamTimeout', `total ${span(total)}`],
  ];
  return steps
    .filter((step) => step !== false && step !== undefined)
    .map(([name, values]) => `${name.padEnd(17)}${values}`)
    .join('\n');
}

function span(milliseconds: number | undefined): string {
  if (milliseconds === undefined || milliseconds === Number.POSITIVE_INFINITY) return 'without limit';
  return milliseconds < 1_000 ? `${milliseconds} ms` : `${milliseconds / 1_000} s`;
}
