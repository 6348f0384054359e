import { type Context, type Link, metrics, trace } from '@opentelemetry/api';
import type { Observer } from 'rxjs';
import { fetchTransport, type LifecycleEvent, type Transport } from '../index.ts';
import { AttributeWriter } from './attribute-writer.ts';
import { CallMetrics } from './call-metrics.ts';
import { CallSpan } from './call-span.ts';
import { Guard } from './guard.ts';
import { type OpenTelemetryOptions, parseOpenTelemetryOptions } from './open-telemetry-options.ts';
import { type CallMoment, isEnd } from './outcome.ts';
import { RunningCalls } from './running-calls.ts';
import { type PropagationOptions, parsePropagationOptions, tracedTransport } from './traced-transport.ts';
import type { Tracing } from './tracing.ts';

/** What {@link openTelemetry} makes: an observer of `lifecycle$`, of one client or of several. */
export interface OpenTelemetry extends Observer<LifecycleEvent> {
  /**
   * A transport whose requests are made below the span of their call, so that what instruments HTTP finds its parent.
   *
   * @param transport Makes the requests. Default: `fetchTransport()`.
   *
   * @throws TypeError for an option that is unknown.
   *
   * @example
   * ```ts
   * const telemetry = openTelemetry();
   * const client = createClient({ provider: openai({ apiKey }), transport: telemetry.transport() });
   * client.lifecycle$.subscribe(telemetry);
   * ```
   */
  transport(transport?: Transport, options?: PropagationOptions): Transport;
}

/** Calls that have ended, to be linked to by those that take them up. */
const maxLinks = 1_000;

/**
 * Spans and metrics of OpenTelemetry, in the conventions for generative AI, out of a client's lifecycle.
 *
 * One span a call, over all its attempts and targets: it begins when somebody subscribes, below the span that is active there, and ends with the last
 * event, the error, or when the subscriber leaves. Nothing that the exporters do is waited for, and what throws is caught: a stream never feels it.
 *
 * It ends no span for whom `lifecycle$` is unsubscribed from: complete it instead, as with `takeUntil`, and the spans of running calls are ended.
 *
 * @throws TypeError for an option that is unknown or out of range; the message names it.
 *
 * @example
 * ```ts
 * client.lifecycle$.subscribe(openTelemetry());
 * ```
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): OpenTelemetry {
  const settings = parseOpenTelemetryOptions(options);
  const guard = new Guard('openTelemetry', settings.onError);
  const attributes = new AttributeWriter(settings.names);
  const calls = new RunningCalls<RunningCall>(settings.maxCalls, ({ span }) => span?.end(undefined));
  const links = new Map<string, Link>();
  let tracing: Tracing | undefined;
  let measured: CallMetrics | undefined;
  let isReady = false;

  /** An SDK is registered before the first call, but often after the client is made. */
  const prepare = (): void => {
    isReady = true;
    const { tracer, meter } = settings;
    guard.run(() => {
      if (tracer !== false) tracing = { tracer: tracer ?? trace.getTracer('steadystream'), settings, attributes, guard };
    });
    guard.run(() => {
      if (meter !== false) measured = new CallMetrics(meter ?? metrics.getMeter('steadystream'), settings, attributes);
    });
  };

  const begin = (moment: Extract<CallMoment, { readonly type: 'begin' }>): void => {
    const call: RunningCall = { hasContent: false };
    calls.set(moment.callId, call);
    if (!tracing) return;
    const { from } = moment;
    const earlier = typeof from?.requestId === 'string' ? links.get(from.requestId) : undefined;
    call.span = new CallSpan(tracing, moment, earlier ? [earlier] : []);
    links.delete(moment.requestId);
    links.set(moment.requestId, call.span.link);
    const [oldest] = links.keys();
    if (links.size > maxLinks && oldest !== undefined) links.delete(oldest);
  };

  const tell = (event: LifecycleEvent): void => {
    if (!isReady) prepare();
    if (event.type === 'breaker') {
      guard.run(() => measured?.tell(event, '', false));
      return;
    }
    if (event.type === 'begin') {
      guard.run(() => begin(event));
      return;
    }
    const call = isEnd(event) ? calls.take(event.callId) : calls.get(event.callId);
    // Only what an answer has cost may come behind its end.
    if (!call && event.type !== 'usage') return;
    const operation = call?.span?.operation ?? 'chat';
    const isFirstContent = event.type === 'first-content' && call?.hasContent === false;
    if (call && isFirstContent) call.hasContent = true;
    guard.run(() => measured?.tell(event, operation, isFirstContent));
    if (isEnd(event)) call?.span?.end(event);
    else guard.run(() => call?.span?.tell(event));
  };

  const contextOf = (callId: string | undefined, attempt: number): Context | undefined =>
    callId === undefined ? undefined : calls.get(callId)?.span?.contextOf(attempt);

  return {
    next: (event) => {
      guard.run(() => tell(event));
    },
    error: () => calls.clear(),
    complete: () => calls.clear(),
    transport: (transport = fetchTransport(), propagation = {}) =>
      tracedTransport(transport, { ...parsePropagationOptions(propagation), guard, contextOf }),
  };
}

interface RunningCall {
  span?: CallSpan;
  hasContent: boolean;
}
