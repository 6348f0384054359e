import type { Call } from './call.ts';
import type { RequestContext } from './core/context.ts';
import type { Decoder } from './core/provider.ts';
import { secretsOf } from './core/sanitize.ts';
import type { HttpRequest, ResponseHead } from './core/transport.ts';
import type { EstimateConfig } from './core/usage.ts';
import { AttemptUsage } from './policies/attempt-usage.ts';
import type { Ask } from './recover-on.ts';

/** What an attempt knows: its target, its number, its request, and through the call all the rest. */
export class AttemptContext implements RequestContext {
  readonly call: Call;
  readonly provider: string;
  readonly model: string;
  /** Whether its provider goes on though nobody reads. */
  readonly isKept: boolean;
  /** Where its answer is taken up, if it is. */
  readonly from: string | undefined;
  readonly usage: AttemptUsage;
  /** From 1 once it has begun; one that is refused on this side never begins. */
  attempt = 0;
  /** What is secret in it must not appear in an error. */
  http: HttpRequest | undefined;
  /** Of the response, once it is there. */
  head: ResponseHead | undefined;
  #controller: AbortController | undefined;
  #decoder: Pick<Decoder, 'cursor'> | undefined;
  /** On the call's clock. */
  #begunAt = 0;

  constructor(
    call: Call,
    target: { readonly provider: string; readonly model: string; readonly isKept: boolean },
    { request, resume }: Ask,
    estimate: EstimateConfig,
  ) {
    this.call = call;
    this.provider = target.provider;
    this.model = target.model;
    this.isKept = target.isKept;
    this.from = resume?.cursor;
    this.usage = new AttemptUsage(request, estimate, call);
  }

  get requestId(): string {
    return this.call.requestId;
  }

  /** A generation that goes on from another is another request. */
  get idempotencyKey(): string {
    const { idempotencyKey, recoveries } = this.call;
    return recoveries === 0 ? idempotencyKey : `${idempotencyKey}-${recoveries}`;
  }

  /** How far the answer has come, in the provider's own numbering. A decoder that has no place for it has read past the one that it began with. */
  get cursor(): string | undefined {
    return this.#decoder ? this.#decoder.cursor : this.from;
  }

  follow(decoder: Pick<Decoder, 'cursor'>, head: ResponseHead): void {
    this.#decoder = decoder;
    this.head = head;
  }

  get callId(): string {
    return this.call.nonce;
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
    this.call.report?.({ type: 'attempt', ...(this.from !== undefined && { resumes: true as const }) });
  }

  end(): void {
    this.#controller?.abort();
  }

  secrets(): readonly string[] {
    return this.http ? secretsOf(this.http.url, this.http.headers) : [];
  }
}
