import { defer, identity, map, merge, type Observable, retry, Subject, throwError } from 'rxjs';
import { AttemptContext } from './attempt-context.ts';
import { Call } from './call.ts';
import { cancelGeneration } from './cancel-generation.ts';
import { type ClientConfig, parseClientConfig, parseStreamOptions, type StreamOptions, type Target } from './client-options.ts';
import { fingerprintOf, type StreamPosition } from './core/checkpoint.ts';
import type { EventLike, StreamEvent } from './core/event.ts';
import type { LifecycleEvent } from './core/lifecycle.ts';
import type { StreamRequest } from './core/request.ts';
import { invalidRequest } from './core/request-schema.ts';
import { describeClient } from './describe-client.ts';
import { exchange } from './exchange.ts';
import { fallBackOn } from './fall-back-on.ts';
import { hedgeAttempts } from './hedge-attempts.ts';
import { announceRetries } from './operators/announce-retries.ts';
import { backoff } from './operators/backoff.ts';
import { cancelOn } from './operators/cancel-on.ts';
import { checkpoint } from './operators/checkpoint.ts';
import { circuitBreaker } from './operators/circuit-breaker.ts';
import { classifyErrors } from './operators/classify-errors.ts';
import { cooldown } from './operators/cooldown.ts';
import { decode } from './operators/decode.ts';
import { holdUntilContent } from './operators/hold-until-content.ts';
import { rateLimit } from './operators/rate-limit.ts';
import { repetitionGuard } from './operators/repetition-guard.ts';
import { reportAttempt } from './operators/report-attempt.ts';
import { reportCall } from './operators/report-call.ts';
import { fundRetries } from './operators/retry-budget.ts';
import { stampErrors } from './operators/stamp-errors.ts';
import { streamTimeout } from './operators/stream-timeout.ts';
import { usageAfterStop } from './operators/usage-after-stop.ts';
import { type Ask, begin, foreignCheckpoint, recoverOn, type TakeOver, targetsFrom } from './recover-on.ts';
import { requestTokens } from './request-tokens.ts';

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
  /**
   * Ends a generation that its provider goes on with though nobody reads it: unsubscribing ends the reading.
   *
   * Resolves once the provider has taken note; also where it keeps none, or it has ended before. Rejects with a {@link ProviderError}.
   *
   * @param position Where the stream is: what `stream(request, { follow })` tells, or a checkpoint.
   */
  cancel(position: StreamPosition): Promise<void>;
  /** What happens beside the text: attempts, retries, the breaker's changes, ends. Costs nothing when nobody listens. */
  readonly lifecycle$: Observable<LifecycleEvent>;
  /** The pipeline as text: a step a line, in order, with the values in force. */
  describe(): string;
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
  const { breakers, cooldowns, budget, rateLimit: limiter } = settings;
  const plainCall = parseStreamOptions({}, settings);
  const moments$ = new Subject<LifecycleEvent>();
  const breakerMoments$ = breakers.changes$.pipe(map((change) => ({ type: 'breaker' as const, ...change })));

  /** What a target answers, over as many attempts as it takes; or where it cannot, what those after it do. */
  function answer(
    call: Call,
    request: StreamRequest,
    [target, ...others]: readonly [Target<E>, ...Target<E>[]],
    after?: TakeOver,
  ): Observable<StreamEvent | E> {
    const { provider, model } = target;
    const key = { provider: provider.name, model };
    const { total, ...deadlines } = call.settings.timeout;
    const breaker = breakers.get(key.provider, model);
    const gate = cooldowns.get(key.provider, model);
    const describeError = provider.describeError?.bind(provider);
    const isKept = provider.capabilities?.resumesFreely === true && provider.cancelRequest !== undefined;
    const refusedFor = () => breaker.retryAfter();

    const attemptOf = (ask: Ask) =>
      defer(() => {
        const attempt = new AttemptContext(call, { ...key, isKept }, ask, { ...provider.capabilities, countTokens: settings.countTokens });
        call.reportWait(gate.waitFor());
        const events$ = exchange(attempt, { ...ask, request: { ...ask.request, model } }, provider, settings.transportOf(provider)).pipe(
          decode(provider, attempt),
          usageAfterStop(call.usageAfterStop()),
        );
        return events$.pipe(
          streamTimeout({ ...deadlines, flow: call.flow }),
          settings.repetitionGuard ? repetitionGuard(settings.repetitionGuard) : identity,
          classifyErrors({ ...settings.classify, ...key, describeError, secrets: () => attempt.secrets() }),
          circuitBreaker(breaker),
          cooldown(gate, { remaining: () => call.remaining() }),
          limiter ? rateLimit(limiter, { tokens: requestTokens(ask.request) }) : identity,
          reportAttempt(call.report, attempt, describeError),
          holdUntilContent({ facts: attempt }),
        );
      });

    const generate = (ask: Ask) =>
      attemptOf(ask).pipe(
        hedgeAttempts(settings, call, ask.request, key.provider, breaker, gate),
        retry(backoff(call.settings.retry, call.retryContext(key, refusedFor))),
        fundRetries(budget, { ...key, tenant: call.settings.tenant }),
      );

    return begin(call, target, request, generate, after).pipe(
      checkpoint(call.delivered),
      recoverOn(call, target, request, refusedFor, generate),
      announceRetries(call),
      fallBackOn(others, call, settings, (next, takeOver) => answer(call, request, next, takeOver)),
    );
  }

  function stream(request: StreamRequest, options?: StreamOptions): Observable<StreamEvent | E> {
    const callSettings = options ? parseStreamOptions(options, settings) : plainCall;
    return defer(() => {
      const invalid = invalidRequest(request) ?? foreignCheckpoint(request, callSettings.from);
      const first: Target<E> = { provider: settings.provider, model: invalid ? '' : request.model };
      const report = moments$.observed ? (moment: LifecycleEvent) => moments$.next(moment) : undefined;
      const call = new Call(callSettings, { provider: first.provider.name, model: first.model }, report, () => fingerprintOf(request));
      callSettings.follow?.(() => call.position());

      return (invalid ? throwError(() => invalid) : answer(call, request, targetsFrom(call, [first, ...settings.fallback]))).pipe(
        streamTimeout({ total: callSettings.timeout.total }),
        cancelOn(callSettings.signal),
        stampErrors((error) => call.facts(error)),
        reportCall(call, request, callSettings.from),
      );
    });
  }

  return {
    stream,
    cancel: (position) => cancelGeneration(settings, position),
    lifecycle$: merge(moments$, breakerMoments$),
    describe: () => describeClient(settings),
  };
}
