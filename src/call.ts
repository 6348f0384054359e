import type { CallSettings } from './client-options.ts';
import type { Checkpoint, StreamPosition } from './core/checkpoint.ts';
import type { RetryContext } from './core/context.ts';
import type { StreamEvent } from './core/event.ts';
import { currentFlowGate } from './core/flow-gate.ts';
import type { Moment, MomentOfCall } from './core/lifecycle.ts';
import { parseOptions } from './core/options.ts';
import { type Attempt, type ErrorInit, isProviderError, ProviderError } from './core/provider-error.ts';
import { randomId } from './core/random-id.ts';
import type { StreamResult, Usage } from './core/stream-result.ts';
import { addUsage } from './core/usage.ts';
import type { RetryAnnouncer } from './operators/announce-retries.ts';
import { Delivered } from './operators/checkpoint.ts';
import { monotonicClock } from './operators/clock.ts';
import type { UsageAfterStopConfig } from './operators/usage-after-stop.ts';
import type { AttemptUsage, CallUsage } from './policies/attempt-usage.ts';
import { backoffSchema } from './policies/backoff.ts';
import { seededRandom } from './policies/jitter.ts';
import { decideRetry, type RetryDecision } from './policies/retry-decision.ts';

/** So many attempts are told one by one of a call that was resumed more often. */
const maxKept = 32;

/** The state of one subscription to a client's stream: who it is, what it has spent, what it has delivered. */
export class Call implements RetryAnnouncer, CallUsage {
  readonly requestId: string;
  /** Two subscriptions with the caller's one id are two requests. */
  readonly nonce = randomId().slice(0, 12);
  readonly idempotencyKey: string;
  readonly settings: CallSettings;
  /** Looked up while the consumer subscribes; an attempt after a wait still needs it. */
  readonly flow = currentFlowGate();
  /** The ledger: what failed so far. */
  readonly attempts: Attempt[] = [];
  readonly delivered = new Delivered((partial) => this.#withUsage(partial));
  announce: RetryAnnouncer['announce'];
  lastFailure: ProviderError | undefined;
  /** What each request costs, in order: the latest, of a call that goes on for long. */
  readonly usages: AttemptUsage[] = [];
  /** What those cost that are told no more, and how many they are. */
  #spent: Usage | undefined;
  #goneUsages = 0;
  /** Requests made so far, over all targets. */
  requests = 0;
  /** Whether the consumer has left before the end; known only where somebody listens. */
  isStopped = false;
  /** The target that is being asked, or was last. */
  target: { readonly provider: string; readonly model: string; readonly cursor?: string | undefined; readonly isKept?: boolean };
  /** Where the stream begins, until it has. */
  from: Checkpoint | undefined;
  /** How often the answer went on after it broke. */
  recoveries = 0;
  /** Tells whoever listens of a step; `undefined` if nobody does. */
  readonly report: ((moment: Moment, of?: Pick<MomentOfCall, 'provider' | 'model' | 'attempt'>) => void) | undefined;
  #isOver = false;
  #forgiven = 0;
  #fingerprint: string | undefined;
  readonly #fingerprintOfRequest: () => string;
  readonly #now = monotonicClock();
  readonly #startedAt = this.#now();

  constructor(
    settings: CallSettings,
    target: { readonly provider: string; readonly model: string },
    report: ((moment: Moment & MomentOfCall) => void) | undefined,
    fingerprint: () => string,
  ) {
    this.#fingerprintOfRequest = fingerprint;
    this.from = settings.from;
    if (settings.from) this.delivered.beginWith(settings.from);
    this.settings = settings;
    this.target = target;
    this.requestId = settings.requestId ?? `req_${randomId()}`;
    this.idempotencyKey = settings.idempotencyKey ?? `${this.requestId}-${this.nonce}`;
    this.report =
      report &&
      ((moment, of = this.#asked()) => {
        // What falls down behind the end of a call is told no more.
        if (this.#isOver && moment.type !== 'usage') return;
        this.isStopped ||= moment.type === 'cancel' || (moment.type === 'error' && moment.error.category === 'cancelled');
        this.#isOver ||= moment.type === 'finish' || moment.type === 'error' || moment.type === 'cancel';
        const { requestId, nonce: callId } = this;
        const { provider, model, attempt } = of;
        report({ ...moment, ...this.#costAt(moment), requestId, callId, provider, model, attempt, elapsedMs: this.elapsed() });
      });
  }

  /** What `backoff` needs to retry the attempts of one target. */
  retryContext(target: { readonly provider: string; readonly model: string }, refusedFor: () => number): RetryContext {
    const { requestId, nonce, settings } = this;
    return {
      requestId,
      nonce,
      ...target,
      tenant: settings.tenant,
      maxRequests: settings.maxRequests,
      requests: () => this.requests - this.#forgiven,
      remaining: () => this.remaining(),
      refusedFor,
      failed: (attempt, error) => {
        this.attempts.push(this.#counted(attempt));
        this.lastFailure = error;
      },
      announce: (retry) => this.announceRetry(retry),
    };
  }

  /** An answer that is there is not announced once more: then only the lifecycle tells of a wait. */
  announceRetry(retry: Extract<StreamEvent, { readonly type: 'retry' }>): void {
    const { delayMs, error } = retry;
    if (!this.hasDelivered) this.announce?.(retry);
    else this.report?.({ type: 'retry', delayMs, category: error.category, error });
  }

  /** Milliseconds until the total deadline. */
  remaining(): number {
    return (this.settings.timeout.total ?? Number.POSITIVE_INFINITY) - this.elapsed();
  }

  /** Who is told what an answer cost that was stopped; `undefined` where nobody asked for it, or listens. */
  usageAfterStop(): UsageAfterStopConfig | undefined {
    const { report } = this;
    const { usageAfterStop } = this.settings;
    if (!report || usageAfterStop === 0) return undefined;
    return { for: usageAfterStop, isStopped: () => this.isStopped, report: (usage) => report({ type: 'usage', usage }) };
  }

  /** Tells of a wait for the provider's pause to be over, if there is one. */
  reportWait(waitMs: number): void {
    if (waitMs > 0) this.report?.({ type: 'cooldown', waitMs });
  }

  /** What an error that leaves has to say of the call; nothing, if the answer was whole before. */
  facts(error: ProviderError): Partial<ErrorInit> | undefined {
    if (this.delivered.isWhole) return undefined;
    const { requestId, attempts, delivered, requests, lastFailure } = this;
    const { provider, model } = this.target;
    const { category } = error;
    // What ended an attempt from above (the total deadline, the caller) never passed through `backoff`.
    const isUnwritten = requests > 0 && category !== 'circuit-open' && !attempts.some(({ attempt }) => attempt === requests);
    const ledger = isUnwritten ? [...attempts, this.#counted({ attempt: requests, provider, model, category, delayMs: 0 })] : attempts;
    const { partial } = delivered;
    return {
      requestId,
      provider,
      model,
      attempts: ledger,
      partial,
      // Of half a call there is nothing to show, but it can be taken up where it was.
      checkpoint: partial || (this.hasDelivered && this.target.cursor !== undefined) ? () => this.checkpoint() : undefined,
      // A deadline that passes, or a refusal of ours, would hide why further attempts were needed.
      cause: category === 'timeout' || category === 'circuit-open' ? causeOf(error, lastFailure) : undefined,
      phase: partial ? 'streaming' : undefined,
      gaveUp: error.timeout === 'total' ? 'deadline' : undefined,
    };
  }

  /** Whether the consumer has seen anything of an answer: there must not be a second one beside it. */
  get hasDelivered(): boolean {
    return this.delivered.hasBegun;
  }

  /** Of the request, for a checkpoint; made when somebody asks, once. */
  get fingerprint(): string {
    this.#fingerprint ??= this.#fingerprintOfRequest();
    return this.#fingerprint;
  }

  /** What was asked so far was of use: the limit on requests counts from here, and the ledger keeps the latest failures alone. */
  forgive(): void {
    this.#forgiven = this.requests;
    this.attempts.splice(0, Math.max(0, this.attempts.length - maxKept));
    const gone = this.usages.splice(0, Math.max(0, this.usages.length - maxKept));
    this.#goneUsages += gone.length;
    for (const usage of gone) {
      const cost = usage.read();
      if (cost) this.#spent = this.#spent ? addUsage(this.#spent, cost) : cost;
    }
  }

  /** Where the answer can be taken up again. */
  checkpoint(): Checkpoint {
    const { requestId, fingerprint } = this;
    return { version: 1, requestId, result: this.delivered.snapshot(), ...this.position(), fingerprint };
  }

  position(): StreamPosition {
    const { fingerprint, delivered, requests: attempts } = this;
    const { provider, model, cursor, isKept } = this.target;
    return {
      provider,
      model,
      attempts,
      fingerprint,
      endsInText: delivered.endsInText,
      ...(cursor !== undefined && { cursor }),
      ...(isKept && { isKept }),
    };
  }

  /** Whether, and after what wait, an answer that broke after content goes on; as a retry would. */
  decideRecovery(
    error: ProviderError,
    attempt: number,
    target: { readonly provider: string; readonly model: string },
    refusedFor: () => number,
    isFree = false,
  ): RetryDecision {
    const policy = { ...parseOptions('backoff', backoffSchema, this.settings.retry), afterContent: true };
    const decision = decideRetry(error, policy, {
      attempt,
      requests: this.requests - this.#forgiven,
      maxRequests: this.settings.maxRequests,
      waited: 0,
      remaining: this.remaining(),
      refusedFor,
      takeToken: () => isFree || (policy.budget?.take({ provider: target.provider, tenant: this.settings.tenant }) ?? true),
      random: (each) => seededRandom(`${this.requestId}:${this.nonce}:${target.provider}:recovery:${each}`),
    });
    if ('delayMs' in decision) this.recoveries++;
    return decision;
  }

  /** The checkpoint that the caller gave is of no use with this target. */
  cannotGoOn({ provider, model }: { readonly provider: string; readonly model: string }): ProviderError {
    const reason = `from cannot be gone on from here by ${this.settings.recovery.map((each) => JSON.stringify(each)).join(', ') || 'nothing'}`;
    return new ProviderError({ category: 'invalid-request', phase: 'local', retryable: false, provider, model, reason });
  }

  others(of: AttemptUsage): readonly Usage[] {
    const told = this.usages.flatMap((usage) => (usage === of ? [] : (usage.read() ?? [])));
    return this.#spent ? [this.#spent, ...told] : told;
  }

  answer(): string {
    return this.delivered.text;
  }

  #counted(attempt: Attempt): Attempt {
    const usage = this.usages[attempt.attempt - 1 - this.#goneUsages]?.read();
    return usage ? { ...attempt, usage } : attempt;
  }

  /** A provider that was cut told nothing, or not all. */
  #withUsage(partial: StreamResult): StreamResult {
    const attempt = this.usages.findLast((each) => each.hasOutput);
    const counted = attempt?.read();
    if (!attempt || !counted) return partial;
    const others = this.others(attempt);
    return { ...partial, usage: counted, ...(others.length > 0 && { usageOverAllAttempts: addUsage(counted, ...others) }) };
  }

  /** Milliseconds since the subscription. */
  elapsed(): number {
    return this.#now() - this.#startedAt;
  }

  #asked(): Pick<MomentOfCall, 'provider' | 'model' | 'attempt'> {
    const { provider, model } = this.target;
    return { provider, model, attempt: this.requests };
  }

  /** An answer that came to its end tells itself what it has cost; one that was cut costs what its attempts did. */
  #costAt({ type }: Moment): { readonly usage?: Usage } {
    if (type !== 'error' && (type !== 'cancel' || this.settings.usageAfterStop > 0)) return {};
    const [first, ...others] = [this.#spent ?? [], ...this.usages.map((each) => each.read() ?? [])].flat();
    return first ? { usage: addUsage(first, ...others) } : {};
  }
}

function causeOf(error: ProviderError, lastFailure: ProviderError | undefined): ProviderError | undefined {
  return isProviderError(lastFailure) && lastFailure !== error ? lastFailure : undefined;
}
