import type { Call } from './call.ts';
import type { RequestContext } from './core/context.ts';
import type { StreamRequest } from './core/request.ts';
import { secretsOf } from './core/sanitize.ts';
import type { HttpRequest } from './core/transport.ts';
import type { EstimateConfig } from './core/usage.ts';
import { AttemptUsage } from './policies/attempt-usage.ts';

/** What an attempt knows: its target, its number, its request, and through the call all the rest. */
export class AttemptContext implements RequestContext {
  readonly call: Call;
  readonly provider: string;
  readonly model: string;
  readonly usage: AttemptUsage;
  /** From 1 once it has begun; one that is refused on this side never begins. */
  attempt = 0;
  /** What is secret in it must not appear in an error. */
  http: HttpRequest | undefined;
  #controller: AbortController | undefined;
  /** On the call's clock. */
  #begunAt = 0;

  constructor(call: Call, target: { readonly provider: string; readonly model: string }, request: StreamRequest, estimate: EstimateConfig) {
    this.call = call;
    this.provider = target.provider;
    this.model = target.model;
    this.usage = new AttemptUsage(request, estimate, call);
  }

  get requestId(): string {
    return this.call.requestId;
  }

  get idempotencyKey(): string {
    return this.call.idempotencyKey;
  }

  get flow(): RequestContext['flow'] {
    return this.call.flow;
  }

  get raw(): boolean {
    return this.call.settings.raw;
  }

  /** Made when somebody asks: an Observable is unsubscribed, and needs none. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  timeLeft(): number {
    const { headers, firstContent } = this.call.settings.timeout;
    const ofAttempt = Math.min(headers ?? Number.POSITIVE_INFINITY, firstContent ?? Number.POSITIVE_INFINITY);
    return Math.min(ofAttempt - (this.call.elapsed() - this.#begunAt), this.call.remaining());
  }

  begin(): void {
    this.#begunAt = this.call.elapsed();
    this.attempt = ++this.call.requests;
    this.call.usages.push(this.usage);
    this.call.target = this;
    this.call.report?.({ type: 'attempt' });
  }

  end(): void {
    this.#controller?.abort();
  }

  secrets(): readonly string[] {
    return this.http ? secretsOf(this.http.url, this.http.headers) : [];
  }
}
