import { Counter, Gauge, Histogram, type Metric } from 'prom-client';
import type { PrometheusSettings } from './prometheus-options.ts';

const target = ['provider', 'model'] as const;

/** The metrics in their registry. Those that are there already, of another observer, are used together. */
export function metricsIn({ registry, prefix, buckets }: PrometheusSettings) {
  const known = <M extends Metric>(name: string, make: (settings: { name: string; registers: (typeof registry)[] }) => M): M => {
    const fullName = prefix + name;
    return (registry.getSingleMetric(fullName) as M | undefined) ?? make({ name: fullName, registers: [registry] });
  };
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    known(name, (settings) => new Counter({ ...settings, help, labelNames: [...labelNames] }));
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[]): Histogram<L> =>
    known(name, (settings) => new Histogram({ ...settings, help, labelNames: [...labelNames], buckets: [...buckets] }));
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    known(name, (settings) => new Gauge({ ...settings, help, labelNames: [...labelNames] }));

  return {
    calls: counter('calls_total', 'Calls that have ended, by how.', [...target, 'outcome', 'category']),
    running: gauge('calls_running', 'Calls that run.', []),
    duration: histogram('call_duration_seconds', 'From the subscription to the end.', [...target, 'outcome']),
    firstContent: histogram('first_content_seconds', 'From the subscription to the first content.', target),
    attempts: counter('attempts_total', 'Requests to providers.', target),
    failures: counter('attempt_failures_total', 'Requests that failed, by category.', [...target, 'category']),
    refusals: counter('refusals_total', 'Requests that were not made: breaker, cooldown, limits.', [...target, 'category']),
    retries: counter('retries_total', 'Attempts that were tried again.', [...target, 'category']),
    retryDelay: counter('retry_delay_seconds_total', 'Waits before retries.', target),
    recoveries: counter('recoveries_total', 'Answers that broke after content and went on.', [...target, 'verb']),
    fallbacks: counter('fallbacks_total', 'Calls that another target took over, by the one that could not.', [...target, 'category']),
    cooldowns: counter('cooldown_seconds_total', 'Waits that a provider had asked for.', target),
    tokens: counter('tokens_total', 'Tokens; cached and reasoning are part of input and output.', [...target, 'type', 'estimated']),
    breaker: gauge('breaker_state', '1 for the state that the breaker is in.', [...target, 'state']),
    breakerChanges: counter('breaker_changes_total', 'Changes of the state of breakers.', [...target, 'state', 'reason']),
  };
}

export type PrometheusMetrics = ReturnType<typeof metricsIn>;
