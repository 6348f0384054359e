import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';
import type { LifecycleEvent, Usage } from '../index.ts';
import type { AttributeWriter, NamedValues } from './attribute-writer.ts';
import { BoundedValues } from './bounded-values.ts';
import type { TelemetryNames } from './names.ts';
import type { OpenTelemetrySettings } from './open-telemetry-options.ts';
import { type CallMoment, categoryOf, isEnd } from './outcome.ts';

type Instruments<T> = Partial<Record<keyof TelemetryNames, readonly T[]>>;

// As the conventions advise: doubling from 10 ms, and by four from one token.
const secondsBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const tokenBuckets = Array.from({ length: 14 }, (_, power) => 4 ** power);

const maxProviders = 100;

const histograms = {
  durationMetric: ['s', 'How long calls took, over all their attempts.', secondsBuckets],
  timeToFirstChunkMetric: ['s', 'From the subscription to the first content.', secondsBuckets],
  tokenUsageMetric: ['{token}', 'Input and output tokens of calls.', tokenBuckets],
  inputTokensPerCallMetric: ['{token}', 'Input tokens of calls.', tokenBuckets],
  outputTokensPerCallMetric: ['{token}', 'Output tokens of calls.', tokenBuckets],
} as const;

const counters = {
  inputTokensMetric: ['{token}', 'Input tokens.'],
  outputTokensMetric: ['{token}', 'Output tokens.'],
  cachedInputTokensMetric: ['{token}', 'Input tokens that were read from a cache.'],
  cacheWriteTokensMetric: ['{token}', 'Input tokens that were written to a cache.'],
  reasoningTokensMetric: ['{token}', 'Output tokens that were spent on reasoning.'],
  attemptsMetric: ['{attempt}', 'Requests to providers.'],
  retriesMetric: ['{retry}', 'Attempts that were tried again.'],
  breakerChangesMetric: ['{change}', 'Changes of state of circuit breakers.'],
} as const;

/** What is measured of all calls. */
export class CallMetrics {
  readonly #settings: OpenTelemetrySettings;
  readonly #attributes: AttributeWriter;
  readonly #histograms: Instruments<Histogram> = {};
  readonly #counters: Instruments<Counter> = {};
  readonly #models: BoundedValues;
  /** Those of `resilientFetch` are hosts, and those may come from a user too. */
  readonly #providers = new BoundedValues(maxProviders);

  constructor(meter: Meter, settings: OpenTelemetrySettings, attributes: AttributeWriter) {
    this.#settings = settings;
    this.#attributes = attributes;
    this.#models = new BoundedValues(settings.maxModels);
    for (const [key, [unit, description, buckets]] of entriesOf(histograms)) {
      const options = { unit, description, advice: { explicitBucketBoundaries: [...buckets] } };
      this.#histograms[key] = attributes.namesOf(key).map((name) => meter.createHistogram(name, options));
    }
    for (const [key, [unit, description]] of entriesOf(counters)) {
      this.#counters[key] = attributes.namesOf(key).map((name) => meter.createCounter(name, { unit, description }));
    }
  }

  /** @param operation Of the call whose step it is. */
  tell(event: LifecycleEvent, operation: string, isFirstContent: boolean): void {
    if (event.type === 'breaker') this.#count('breakerChangesMetric', 1, this.#of(event, {}, { 'breaker.state': event.to }));
    else if (isEnd(event)) this.#end(event, operation);
    else if (event.type === 'usage') this.#tokens(event.usage, event, operation);
    else if (event.type === 'attempt') this.#count('attemptsMetric', 1, this.#of(event));
    else if (event.type === 'retry') this.#count('retriesMetric', 1, this.#of(event, { errorType: event.category }));
    else if (isFirstContent) this.#record('timeToFirstChunkMetric', event as CallMoment, operation);
  }

  #end(event: Extract<CallMoment, { readonly type: 'finish' | 'error' | 'cancel' }>, operation: string): void {
    this.#record('durationMetric', event, operation, categoryOf(event));
    const all = event.type === 'finish' ? event.usageOverAllAttempts : undefined;
    this.#tokens(all?.estimated === false ? all : event.usage, event, operation);
  }

  #record(key: keyof typeof histograms, moment: CallMoment, operation: string, errorType?: string): void {
    const attributes = this.#of(moment, { operation, errorType });
    for (const histogram of this.#histograms[key] ?? []) histogram.record(moment.elapsedMs / 1_000, attributes);
  }

  /** The conventions count what a provider says, and no estimates; and not once more what was fetched again. */
  #tokens(usage: Usage | undefined, moment: CallMoment, operation: string): void {
    if (!usage || usage.estimated || operation === 'fetch_response') return;
    const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0, reasoningTokens = 0 } = usage;
    const attributes = this.#of(moment, { operation });
    for (const [tokenType, tokens] of [['input', inputTokens] as const, ['output', outputTokens] as const]) {
      const typed = this.#of(moment, { operation, tokenType });
      for (const histogram of this.#histograms.tokenUsageMetric ?? []) histogram.record(tokens, typed);
      for (const histogram of this.#histograms[`${tokenType}TokensPerCallMetric`] ?? []) histogram.record(tokens, attributes);
    }
    this.#count('inputTokensMetric', inputTokens, attributes);
    this.#count('outputTokensMetric', outputTokens, attributes);
    this.#count('cachedInputTokensMetric', cachedInputTokens, attributes);
    this.#count('cacheWriteTokensMetric', cacheWriteTokens, attributes);
    this.#count('reasoningTokensMetric', reasoningTokens, attributes);
  }

  #count(key: keyof typeof counters, value: number, attributes: Attributes): void {
    if (value > 0) for (const counter of this.#counters[key] ?? []) counter.add(value, attributes);
  }

  #of({ provider, model }: { provider: string; model: string }, values: NamedValues = {}, own: Attributes = {}): Attributes {
    const named = { provider: this.#providers.of(this.#settings.providers[provider] ?? provider), requestModel: this.#models.of(model) };
    return this.#attributes.write({ ...values, ...named }, own);
  }
}

function entriesOf<T extends object>(of: T): [keyof T & string, T[keyof T]][] {
  return Object.entries(of) as [keyof T & string, T[keyof T]][];
}
