import { defer, map, merge, type Observable, retry, Subject } from 'rxjs';
import { Call } from './call.ts';
import { classifyErrors } from './classify.ts';
import { parseStreamOptions } from './client-options.ts';
import type { LifecycleEvent } from './core/lifecycle.ts';
import type { ErrorInit } from './core/provider-error.ts';
import type { HttpRequest } from './core/transport.ts';
import { answerEvents } from './fetch/answer-events.ts';
import { type AnswerForm, answerFormOf } from './fetch/answer-form.ts';
import { FetchAttempt } from './fetch/fetch-attempt.ts';
import { type FetchSettings, parseFetchOptions, type ResilientFetchOptions } from './fetch/fetch-options.ts';
import { type FetchRequest, readFetchRequest } from './fetch/fetch-request.ts';
import { toResponse } from './fetch/to-response.ts';
import { announceRetries } from './operators/announce-retries.ts';
import { backoff } from './operators/backoff.ts';
import { cancelOn } from './operators/cancel-on.ts';
import { checkpoint } from './operators/checkpoint.ts';
import { circuitBreaker } from './operators/circuit-breaker.ts';
import { cooldown } from './operators/cooldown.ts';
import { holdUntilContent } from './operators/hold-until-content.ts';
import { reportAttempt } from './operators/report-attempt.ts';
import { reportCall } from './operators/report-call.ts';
import { fundRetries } from './operators/retry-budget.ts';
import { stampErrors } from './operators/stamp-errors.ts';
import { type StreamTimeoutConfig, streamTimeout } from './operators/stream-timeout.ts';

export type { ResilientFetchOptions } from './fetch/fetch-options.ts';

type Fetch = typeof globalThis.fetch;

/** A `fetch` that keeps the promises of a client; see {@link resilientFetch}. */
export interface ResilientFetch extends Fetch {
  /** What happens beside the answers: attempts, retries, the breaker's changes, ends. Costs nothing when nobody listens. */
  readonly lifecycle$: Observable<LifecycleEvent>;
}

/** So much may come before content, in reads of the socket; and never more than 1 MiB. */
const maxHeld = 16_384;

/**
 * Makes a `fetch` for the SDKs of OpenAI and Anthropic, the Vercel AI SDK, LangChain, and whatever else takes one: with the retries, breakers,
 * cooldowns, budgets and deadlines of a client, and an error where an answer is cut. Turn the SDK's own retries off.
 *
 * Resolves at first content, with the real head and the real bytes; what the provider refused after all attempts resolves as it came. Rejects with a
 * {@link ProviderError} for what no server said: `network`, `timeout`, `interrupted`, `circuit-open`; with the reason of the signal that aborts it. A stream
 * that is cut, or stalls, after content fails with a {@link ProviderError}. The body is read at its reader's pace, and to cancel it ends the request.
 *
 * @throws TypeError for an option that is unknown or out of range; the message names it.
 *
 * @example
 * ```ts
 * const sdk = new OpenAI({ fetch: resilientFetch({ timeout: { idle: 20_000 } }), maxRetries: 0 });
 * ```
 */
export function resilientFetch(options: ResilientFetchOptions = {}): ResilientFetch {
  const settings = parseFetchOptions(options);
  const { breakers, cooldowns, budget, tenant, namedProvider } = settings;
  const plainCall = parseStreamOptions({ tenant }, settings);
  const moments$ = new Subject<LifecycleEvent>();
  const breakerMoments$ = breakers.changes$.pipe(map((change) => ({ type: 'breaker' as const, ...change })));

  async function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const send = settings.fetch ?? globalThis.fetch;
    const request = await readFetchRequest(input, init);
    if (!/^https?:$/.test(request.url.protocol)) return send(input, init);
    const form = answerFormOf(request.url, request.json, namedProvider);
    const { provider, model } = form;
    const { signal } = request;
    const breaker = breakers.get(provider, model);
    const gate = cooldowns.get(provider, model);
    const refusedFor = () => breaker.retryAfter();
    const deadlines = deadlinesOf(settings, form.kind);
    let latest: FetchAttempt | undefined;

    const answer$ = defer(() => {
      const report = moments$.observed ? (moment: LifecycleEvent) => moments$.next(moment) : undefined;
      const call = new Call(
        { ...plainCall, signal, requestId: request.headers.get(requestIdHeader) ?? undefined },
        { provider, model },
        report,
        () => '',
      );
      const http = httpRequest(request, call);

      const attempt$ = defer(() => {
        const attempt = new FetchAttempt(call, form, http, deadlines);
        latest = attempt;
        const isContent = attempt.isContent.bind(attempt);
        call.reportWait(gate.waitFor());
        return answerEvents(attempt, request, send, settings.maxLine).pipe(
          streamTimeout({ ...deadlines, flow: call.flow, isContent: attempt.isLife.bind(attempt) }),
          classifyErrors({
            ...settings.classify,
            provider,
            model,
            describeError: form.reader?.describeError,
            secrets: () => attempt.secrets(),
            isContent,
          }),
          circuitBreaker(breaker, { isContent }),
          cooldown(gate, { remaining: () => call.remaining(), isContent }),
          reportAttempt(call.report, attempt, form.reader?.describeError),
          holdUntilContent({ facts: attempt, maxItems: maxHeld, isContent: attempt.commits.bind(attempt) }),
        );
      });

      return attempt$.pipe(
        retry(
          backoff({ ...call.settings.retry, ...(request.isRepeatable ? {} : { maxAttempts: 1 }) }, call.retryContext(form, refusedFor)),
        ),
        fundRetries(budget, { provider, tenant }),
        checkpoint(call.delivered),
        announceRetries(call),
        streamTimeout({ total: call.settings.timeout.total }),
        cancelOn(signal),
        stampErrors((error) => withoutCheckpoint(call.facts(error))),
        reportCall(call, { model, messages: [] }, undefined),
      );
    });

    return toResponse(answer$, () => latest, signal);
  }

  return Object.assign(fetch as Fetch, { lifecycle$: merge(moments$, breakerMoments$) });
}

const requestIdHeader = 'x-client-request-id';

/** The same for every attempt. What the caller has set stays. */
function httpRequest({ url, method, headers: given }: FetchRequest, { requestId, idempotencyKey }: Call): HttpRequest {
  const headers: Record<string, string> = { [requestIdHeader]: requestId, ...Object.fromEntries(given) };
  if (method !== 'GET' && method !== 'HEAD') headers['idempotency-key'] ??= idempotencyKey;
  return { url: url.href, method, headers };
}

/** An answer that is no stream has its head when it is whole. */
function deadlinesOf({ timeout, headersOfWhole }: FetchSettings, kind: AnswerForm['kind']): StreamTimeoutConfig {
  const { headers, firstContent, idle } = timeout;
  return kind === 'whole' ? { headers: headersOfWhole, idle } : { headers, firstContent, idle };
}

/** A client could not take it up: what was asked is no request of its own. */
function withoutCheckpoint(facts: Partial<ErrorInit> | undefined): Partial<ErrorInit> | undefined {
  return facts && { ...facts, checkpoint: undefined };
}
