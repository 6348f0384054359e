import type { Checkpoint } from './checkpoint.ts';
import type { ErrorCategory } from './error-category.ts';
import type { ProviderError } from './provider-error.ts';
import type { StreamRequest } from './request.ts';
import type { FinishReason, StreamResult, Usage } from './stream-result.ts';

/**
 * A step in the life of a call. `begin` is the first and `finish`, `error` or `cancel` the last, each once; only `usage` may come after that.
 *
 * An attempt that begins ends too: with `attempt-end`, or with its call.
 */
export type Moment =
  /** Somebody subscribed. */
  | {
      readonly type: 'begin';
      /** As it was given, not a copy; one that is not valid ends with `invalid-request`. */
      readonly request: StreamRequest;
      /** The checkpoint that the call goes on from. */
      readonly from?: Checkpoint | undefined;
    }
  /** A request is made; `resumes` where it takes up a generation that its provider keeps. */
  | { readonly type: 'attempt'; readonly resumes?: true | undefined }
  /** The head of the response. */
  | { readonly type: 'headers'; readonly status: number; readonly providerRequestId?: string | undefined }
  | { readonly type: 'first-content' }
  /** An attempt is over: whole, failed, or left because its call goes on without it (a hedge that lost, a deadline). */
  | { readonly type: 'attempt-end'; readonly outcome: 'finish' | 'error' | 'cancel'; readonly error?: ProviderError | undefined }
  /** No request was made: a breaker is open, or a wait would be too long. `attempt` is that of the last request. */
  | { readonly type: 'refusal'; readonly error: ProviderError }
  | { readonly type: 'retry'; readonly delayMs: number; readonly category: ErrorCategory; readonly error: ProviderError }
  /** The answer broke after content, and goes on after a wait: see `Recovery`. */
  | {
      readonly type: 'recovery';
      readonly verb: 'resume' | 'continue' | 'restart' | 'verify';
      readonly delayMs: number;
      readonly error: ProviderError;
    }
  /** A new generation continues the text here. */
  | { readonly type: 'seam' }
  /** All content so far is void; a new generation follows. */
  | { readonly type: 'restart'; readonly error: ProviderError }
  /** The attempt waits for its turn: its provider asked for a pause. */
  | { readonly type: 'cooldown'; readonly waitMs: number }
  /** Another target takes over. */
  | { readonly type: 'fallback'; readonly to: { readonly provider: string; readonly model: string }; readonly error: ProviderError }
  | {
      readonly type: 'finish';
      readonly finishReason: FinishReason;
      /** The provider's own word. */
      readonly rawFinishReason: string;
      readonly usage: Usage;
      /** Of the whole call, where other attempts than the answer's had a cost. */
      readonly usageOverAllAttempts?: Usage | undefined;
      /** The answer, joined when it is called. */
      readonly result: () => StreamResult;
    }
  /** `usage` is what the call has cost, where it had a cost. */
  | { readonly type: 'error'; readonly error: ProviderError; readonly usage?: Usage | undefined }
  /** The consumer unsubscribed before the end. */
  | {
      readonly type: 'cancel';
      /** What the call has cost, mostly an estimate; not set where the provider is asked for it (`usageAfterStop`). */
      readonly usage?: Usage | undefined;
      /** What was delivered, joined when it is called; `undefined` where that is nothing. */
      readonly partial: () => StreamResult | undefined;
    }
  /** What an answer that was stopped has cost, as its provider told it afterwards; only where `usageAfterStop` asks for it. */
  | { readonly type: 'usage'; readonly usage: Usage };

/** Whose step it is, and when. */
export interface MomentOfCall {
  readonly requestId: string;
  /** Of one subscription: two that were given the same request id, as the turns of `runTools` are, differ in it. */
  readonly callId: string;
  readonly provider: string;
  readonly model: string;
  /** The attempt whose step it is, else the one that runs, or ran last; from 1, and 0 before the first. */
  readonly attempt: number;
  /** Milliseconds since the stream was subscribed to. */
  readonly elapsedMs: number;
}

/** `isolated` is open by hand, until `reset()`. */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'isolated';

/** Why a circuit breaker changed its state. */
export type BreakerReason = 'failure-ratio' | 'death-ratio' | 'slow-ratio' | 'consecutive-failures' | 'probe' | 'wait-over' | 'by-hand';

/** A circuit breaker changed its state. */
export interface BreakerMoment {
  readonly type: 'breaker';
  readonly provider: string;
  readonly model: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly reason: BreakerReason;
  readonly openForMs?: number | undefined;
}

/** What happens to the requests of a client, beside what they say. */
export type LifecycleEvent = (Moment & MomentOfCall) | BreakerMoment;
