import type { CallSettings } from './client-options.ts';
import type { RequestContext } from './core/context.ts';
import { currentFlowGate } from './core/flow-gate.ts';
import type { MomentOfCall } from './core/lifecycle.ts';
import type { Attempt, ErrorInit, ProviderError } from './core/provider-error.ts';
import { randomId } from './core/random-id.ts';
import { secretsOf } from './core/sanitize.ts';
import type { HttpRequest } from './core/transport.ts';
import { Delivered } from './operators/checkpoint.ts';
import { monotonicClock } from './operators/clock.ts';

/** The state of one subscription to a client's stream: who it is, what it has spent, what it has delivered. */
export class Call implements RequestContext {
  readonly requestId: string;
  /** Two subscriptions with the caller's one id are two requests. */
  readonly nonce = randomId().slice(0, 12);
  readonly idempotencyKey: string;
  readonly provider: string;
  readonly model: string;
  readonly raw: boolean;
  readonly maxRequests: number;
  /** Looked up while the consumer subscribes; an attempt after a wait still needs it. */
  readonly flow = currentFlowGate();
  readonly attempts: Attempt[] = [];
  readonly delivered = new Delivered();
  announce: RequestContext['announce'];
  lastFailure: ProviderError | undefined;
  /** The request of the attempt that runs; what is secret in it must not appear in an error. */
  http: HttpRequest | undefined;
  attempt = 0;
  readonly #now = monotonicClock();
  readonly #startedAt = this.#now();
  readonly #total: number;
  #controller: AbortController | undefined;

  constructor(settings: CallSettings, facts: { readonly provider: string; readonly model: string; readonly maxRequests: number }) {
    this.requestId = settings.requestId ?? `req_${randomId()}`;
    this.idempotencyKey = settings.idempotencyKey ?? `${this.requestId}-${this.nonce}`;
    this.provider = facts.provider;
    this.model = facts.model;
    this.maxRequests = facts.maxRequests;
    this.raw = settings.raw;
    this.#total = settings.timeout.total ?? Number.POSITIVE_INFINITY;
  }

  /** Made when somebody asks: an Observable is unsubscribed, and needs none. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  remaining(): number {
    return this.#total - (this.#now() - this.#startedAt);
  }

  beginAttempt(): void {
    this.attempt++;
    this.#controller = undefined;
  }

  endAttempt(): void {
    this.#controller?.abort();
  }

  secrets(): readonly string[] {
    return this.http ? secretsOf(this.http.url, this.http.headers) : [];
  }

  moment(): MomentOfCall {
    const { requestId, provider, model, attempt } = this;
    return { requestId, provider, model, attempt, elapsedMs: this.#now() - this.#startedAt };
  }

  /** What an error that leaves has to say of the call; nothing, if the answer was whole before. */
  facts(error: ProviderError): Partial<ErrorInit> | undefined {
    if (this.delivered.isWhole) return undefined;
    const { category } = error;
    const { requestId, provider, model, attempts, delivered, attempt } = this;
    // What ended an attempt from above (the total deadline, the caller) never passed through `backoff`.
    const isUnwritten = attempts.length < attempt && category !== 'circuit-open';
    const ledger = isUnwritten ? [...attempts, { attempt, provider, model, category, delayMs: 0 }] : attempts;
    // A deadline that passes between or in attempts hides why they were needed.
    const isHiding = (category === 'timeout' || category === 'circuit-open') && error !== this.lastFailure;
    const cause = isHiding ? this.lastFailure : undefined;
    const { partial } = delivered;
    const phase = partial ? 'streaming' : undefined;
    const gaveUp = error.timeout === 'total' ? 'deadline' : undefined;
    return { requestId, provider, model, attempts: ledger, partial, cause, phase, gaveUp };
  }
}
