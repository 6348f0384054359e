import type { StreamEvent } from './event.ts';
import type { FlowGate } from './flow-gate.ts';
import type { Attempt, ProviderError } from './provider-error.ts';

/**
 * What an attempt knows of the call it belongs to. Providers, transports and `backoff` are given one.
 *
 * Only the first three members are always there: a context made by hand needs no more.
 */
export interface RequestContext {
  /** The one id of the subscription. */
  readonly requestId: string;
  /** The attempt that runs, from 1. */
  readonly attempt: number;
  /**
   * Aborted when the attempt is torn down. For code that is not an Observable (an asynchronous key, a transport
   * made of promises); an Observable is unsubscribed at the same moment.
   */
  readonly signal: AbortSignal;
  /** Says whether the consumer wants more. */
  readonly flow?: FlowGate | undefined;
  /** The same on every attempt of one subscription, so that a provider that supports it answers a retry once. */
  readonly idempotencyKey?: string | undefined;
  /** Milliseconds until the attempt must have shown something: what need not be known by then is not waited for. */
  readonly timeLeft?: (() => number) | undefined;
  /** Whether `raw` events were asked for. */
  readonly raw?: boolean | undefined;
  /** Of the subscription, as `lifecycle$` has it. */
  readonly callId?: string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
}

/** What `backoff` may know of the call whose attempts it retries, and whom it tells. Alone, it knows and tells nothing. */
export interface RetryContext {
  readonly requestId: string;
  /** Tells two subscriptions with one request id apart; seeds the jitter. */
  readonly nonce?: string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly tenant?: string | undefined;
  /** How many requests the call may make in all. */
  readonly maxRequests?: number | undefined;
  /** How many it has made. */
  readonly requests?: (() => number) | undefined;
  /** Milliseconds until the call's total deadline. */
  readonly remaining?: (() => number) | undefined;
  /** Milliseconds for which the breaker would refuse the next attempt. */
  readonly refusedFor?: (() => number) | undefined;
  /** Told of each failed attempt. */
  readonly failed?: ((attempt: Attempt, error: ProviderError) => void) | undefined;
  /** Told of each retry before its wait. */
  readonly announce?: ((retry: Extract<StreamEvent, { type: 'retry' }>) => void) | undefined;
}
