import { defer, map, merge, type Observable, retry, Subject, throwError } from 'rxjs';
import { Call } from './call.ts';
import { type ClientConfig, parseClientConfig, parseStreamOptions, type StreamOptions } from './client-options.ts';
import type { EventLike, StreamEvent } from './core/event.ts';
import type { LifecycleEvent, Moment } from './core/lifecycle.ts';
import type { StreamRequest } from './core/request.ts';
import { invalidRequest } from './core/request-schema.ts';
import { exchange } from './exchange.ts';
import { announceRetries } from './operators/announce-retries.ts';
import { backoff } from './operators/backoff.ts';
import { cancelOn } from './operators/cancel-on.ts';
import { checkpoint } from './operators/checkpoint.ts';
import { circuitBreaker } from './operators/circuit-breaker.ts';
import { classifyErrors } from './operators/classify-errors.ts';
import { decode } from './operators/decode.ts';
import { holdUntilContent } from './operators/hold-until-content.ts';
import { reportAttempt } from './operators/report-attempt.ts';
import { reportCall } from './operators/report-call.ts';
import { stampErrors } from './operators/stamp-errors.ts';
import { streamTimeout } from './operators/stream-timeout.ts';

/** Streams the responses of a provider. */
export interface Client<E extends EventLike = never> {
  /**
   * A response as an Observable: cold, one call for each subscription, aborted by unsubscribing.
   *
   * Emits {@link StreamEvent}s and the provider's own. Completes only after the provider's own sign of the end; else raises a
   * {@link ProviderError}, also for a bad request (`invalid-request`).
   *
   * @throws TypeError for an option that is unknown or out of range; the message names it.
   */
  stream(request: StreamRequest, options?: StreamOptions): Observable<StreamEvent | E>;
  /** What happens beside the text: attempts, retries, the breaker's changes, ends. Costs nothing when nobody listens. */
  readonly lifecycle$: Observable<LifecycleEvent>;
}

/**
 * Makes a client for a provider.
 *
 * @throws TypeError for an option that is unknown or out of range; the message names it.
 *
 * @example
 * ```ts
 * const client = createClient({ provider: openai({ apiKey }), retry: { maxAttempts: 3 } });
 * client
 *   .stream({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] })
 *   .pipe(textDeltas())
 *   .subscribe((text) => process.stdout.write(text));
 * ```
 */
export function createClient<E extends EventLike = never>(config: ClientConfig<E>): Client<E> {
  const settings = parseClientConfig(config);
  const { provider, transport, breakers, maxRequests } = settings;
  const describeError = provider.describeError?.bind(provider);
  const moments$ = new Subject<LifecycleEvent>();
  const breakerMoments$ = breakers.changes$.pipe(map((change) => ({ type: 'breaker' as const, ...change })));

  const plainCall = parseStreamOptions({}, settings);

  function stream(request: StreamRequest, options?: StreamOptions): Observable<StreamEvent | E> {
    const callSettings = options ? parseStreamOptions(options, settings) : plainCall;
    const { total, ...deadlines } = callSettings.timeout;

    return defer(() => {
      const invalid = invalidRequest(request);
      const model = invalid ? '' : request.model;
      const call = new Call(callSettings, { provider: provider.name, model, maxRequests });
      const report = moments$.observed ? (moment: Moment) => moments$.next({ ...moment, ...call.moment() }) : undefined;
      const breaker = breakers.get(provider.name, model);

      const attempt$ = exchange(call, request, provider, transport, report).pipe(
        decode(provider, call),
        streamTimeout({ ...deadlines, flow: call.flow }),
        classifyErrors({ ...settings.classify, provider: provider.name, model, describeError, secrets: () => call.secrets() }),
        circuitBreaker(breaker),
        reportAttempt(report),
        holdUntilContent({ facts: call }),
      );

      return (invalid ? throwError(() => invalid) : attempt$).pipe(
        retry(backoff(callSettings.retry, call)),
        announceRetries(call),
        checkpoint(call.delivered),
        streamTimeout({ total }),
        cancelOn(callSettings.signal),
        stampErrors((error) => call.facts(error)),
        reportCall(report),
      );
    });
  }

  return { stream, lifecycle$: merge(moments$, breakerMoments$) };
}
