/** Metrics of Prometheus: `steadystream/prometheus`. Needs `prom-client`. */
import type { Observer } from 'rxjs';
import type { LifecycleEvent } from '../index.ts';
import { Guard } from './guard.ts';
import { isEnd } from './outcome.ts';
import { PrometheusCounts } from './prometheus-counts.ts';
import { metricsIn } from './prometheus-metrics.ts';
import { type PrometheusOptions, parsePrometheusOptions } from './prometheus-options.ts';
import { RunningCalls } from './running-calls.ts';

export type { PrometheusOptions } from './prometheus-options.ts';

/**
 * Metrics of Prometheus out of a client's lifecycle, in a registry of prom-client.
 *
 * Labels are few and bounded: provider, model, outcome, category. The observer may be that of several clients, and several observers may share a
 * registry. What throws is caught: a stream never feels it.
 *
 * @throws TypeError for an option that is unknown or out of range; the message names it.
 *
 * @example
 * ```ts
 * const registry = new Registry();
 * client.lifecycle$.subscribe(prometheus({ registry }));
 * ```
 */
export function prometheus(options: PrometheusOptions = {}): Observer<LifecycleEvent> {
  const settings = parsePrometheusOptions(options);
  const guard = new Guard('prometheus', settings.onError);
  const metrics = metricsIn(settings);
  const counts = new PrometheusCounts(metrics, settings);
  const leave = (): void => {
    guard.run(() => metrics.running.dec());
  };
  const calls = new RunningCalls<RunningCall>(settings.maxCalls, leave);

  const tell = (event: LifecycleEvent): void => {
    if (event.type === 'breaker') {
      guard.run(() => counts.tell(event));
    } else if (event.type === 'begin') {
      guard.run(() => metrics.running.inc());
      calls.set(event.callId, { hasContent: false, isTakenUp: event.from !== undefined, isFetch: false });
    } else if (event.type === 'first-content') {
      const call = calls.get(event.callId);
      if (!call || call.hasContent) return;
      call.hasContent = true;
      guard.run(() => counts.firstContent(event));
    } else {
      const call = isEnd(event) ? calls.take(event.callId) : calls.get(event.callId);
      if (call && isEnd(event)) leave();
      if (call?.isTakenUp && event.type === 'attempt' && event.attempt === 1 && event.resumes) call.isFetch = true;
      guard.run(() => counts.tell(event, call?.isFetch));
    }
  };

  return {
    next: (event) => {
      guard.run(() => tell(event));
    },
    error: () => calls.clear(),
    complete: () => calls.clear(),
  };
}

interface RunningCall {
  hasContent: boolean;
  readonly isTakenUp: boolean;
  /** It takes up a generation that its provider keeps: the tokens are those of an earlier call. */
  isFetch: boolean;
}
