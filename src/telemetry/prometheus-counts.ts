import type { BreakerState, LifecycleEvent, Usage } from '../index.ts';
import { BoundedValues } from './bounded-values.ts';
import { type CallMoment, categoryOf, type EndOfCall, isEnd, outcomeOf } from './outcome.ts';
import type { PrometheusMetrics } from './prometheus-metrics.ts';
import type { PrometheusSettings } from './prometheus-options.ts';

interface Target {
  readonly provider: string;
  readonly model: string;
}

const states: readonly BreakerState[] = ['closed', 'half-open', 'open', 'isolated'];
const maxProviders = 100;

/** Which step counts as what. */
export class PrometheusCounts {
  readonly #metrics: PrometheusMetrics;
  readonly #models: BoundedValues;
  readonly #providers = new BoundedValues(maxProviders);

  constructor(metrics: PrometheusMetrics, { maxModels, models }: PrometheusSettings) {
    this.#metrics = metrics;
    this.#models = new BoundedValues(maxModels, models);
  }

  firstContent(moment: CallMoment): void {
    this.#metrics.firstContent.observe(this.#of(moment), moment.elapsedMs / 1_000);
  }

  /** @param isFetch Whether the call's tokens have been counted before. */
  tell(event: LifecycleEvent, isFetch = false): void {
    const { attempts, failures, refusals, retries, retryDelay, recoveries, fallbacks, cooldowns } = this.#metrics;
    const target = this.#of(event);
    if (event.type !== 'breaker' && isEnd(event)) {
      this.#end(event, target, isFetch);
      return;
    }
    switch (event.type) {
      case 'breaker':
        this.#breaker(event, target);
        break;
      case 'attempt':
        attempts.inc(target);
        break;
      case 'attempt-end':
        if (event.error) failures.inc({ ...target, category: event.error.category });
        break;
      case 'refusal':
        refusals.inc({ ...target, category: event.error.category });
        break;
      case 'retry':
        retries.inc({ ...target, category: event.category });
        retryDelay.inc(target, event.delayMs / 1_000);
        break;
      case 'recovery':
        recoveries.inc({ ...target, verb: event.verb });
        break;
      case 'fallback':
        fallbacks.inc({ ...target, category: event.error.category });
        break;
      case 'cooldown':
        cooldowns.inc(target, event.waitMs / 1_000);
        break;
      case 'usage':
        this.#tokens(event.usage, target);
        break;
    }
  }

  #end(end: EndOfCall, target: Target, isFetch: boolean): void {
    const outcome = outcomeOf(end);
    this.#metrics.calls.inc({ ...target, outcome, category: categoryOf(end) ?? 'none' });
    this.#metrics.duration.observe({ ...target, outcome }, end.elapsedMs / 1_000);
    if (!isFetch) this.#tokens((end.type === 'finish' ? end.usageOverAllAttempts : undefined) ?? end.usage, target);
  }

  #tokens(usage: Usage | undefined, target: Target): void {
    if (!usage) return;
    const { inputTokens: input, outputTokens: output, cachedInputTokens: cached, cacheWriteTokens, reasoningTokens: reasoning } = usage;
    const counted = { input, output, cached, 'cache-write': cacheWriteTokens, reasoning };
    for (const [type, tokens] of Object.entries(counted)) {
      if (tokens) this.#metrics.tokens.inc({ ...target, type, estimated: String(usage.estimated) }, tokens);
    }
  }

  /** Of models that are not told apart there are several breakers, and no one state. */
  #breaker({ to, reason }: Extract<LifecycleEvent, { readonly type: 'breaker' }>, target: Target): void {
    this.#metrics.breakerChanges.inc({ ...target, state: to, reason });
    if (BoundedValues.isOther(target.model) || BoundedValues.isOther(target.provider)) return;
    for (const state of states) this.#metrics.breaker.set({ ...target, state }, state === to ? 1 : 0);
  }

  #of({ provider, model }: Target): Target {
    return { provider: this.#providers.of(provider), model: this.#models.of(model) };
  }
}
