import type { ErrorCategory } from './error-category.ts';
import type { ProviderError } from './provider-error.ts';
import type { FinishReason, Usage } from './stream-result.ts';

/** A step in the life of a request. */
export type Moment =
  | { readonly type: 'attempt' }
  | { readonly type: 'headers' }
  | { readonly type: 'first-content' }
  | { readonly type: 'retry'; readonly delayMs: number; readonly category: ErrorCategory; readonly error: ProviderError }
  /** The answer broke after content, and goes on after a wait: see `Recovery`. */
  | {
      readonly type: 'recovery';
      readonly verb: 'resume' | 'continue' | 'restart' | 'verify';
      readonly delayMs: number;
      readonly error: ProviderError;
    }
  /** The attempt waits for its turn: its provider asked for a pause. */
  | { readonly type: 'cooldown'; readonly waitMs: number }
  /** Another target takes over. */
  | { readonly type: 'fallback'; readonly to: { readonly provider: string; readonly model: string }; readonly error: ProviderError }
  | { readonly type: 'finish'; readonly finishReason: FinishReason; readonly usage: Usage }
  | { readonly type: 'error'; readonly error: ProviderError }
  /** The consumer unsubscribed before the end. */
  | { readonly type: 'cancel' }
  /** What an answer that was stopped has cost, as its provider told it afterwards; only where `usageAfterStop` asks for it. */
  | { readonly type: 'usage'; readonly usage: Usage };

/** Whose step it is, and when. */
export interface MomentOfCall {
  readonly requestId: string;
  readonly provider: string;
  readonly model: string;
  /** The attempt that runs, or ran last; from 1, and 0 before the first. */
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
