/** What each category of failure means to the parts that react to it. */
export interface CategoryTraits {
  /** May a new request succeed? The default of `ProviderError.retryable`. */
  readonly retryable: boolean;
  /** How the circuit breaker counts it before first content. */
  readonly outcome: 'failure' | 'success' | 'neutral';
  /** Whether a delay named by the provider holds back the other streams of the same key too. */
  readonly cooldown: boolean;
  /**
   * Who answered. A body never moves an error between `caller` (4xx) and `provider` (5xx).
   * `local` is refused on this side: no request was made, and waiting here does not help.
   */
  readonly side: 'caller' | 'provider' | 'local';
  /** What an end user may read. */
  readonly publicMessage: string;
}

const busy = 'The service is busy. Please try again in a moment.';
const unavailable = 'The service is not available right now. Please try again later.';
const broken = 'The answer could not be completed. Please try again.';
const misconfigured = 'The request could not be handled. Please contact support.';

function traits(
  side: CategoryTraits['side'],
  retryable: boolean,
  outcome: CategoryTraits['outcome'],
  cooldown: boolean,
  publicMessage: string,
): CategoryTraits {
  return { side, retryable, outcome, cooldown, publicMessage };
}

/** The one table of failure categories; everything that reacts to a category reads it here. */
export const errorCategories = {
  authentication: traits('caller', false, 'neutral', false, misconfigured),
  'permission-denied': traits('caller', false, 'neutral', false, misconfigured),
  'invalid-request': traits('caller', false, 'neutral', false, misconfigured),
  'context-length': traits('caller', false, 'neutral', false, 'The conversation is too long. Please shorten it.'),
  'not-found': traits('caller', false, 'neutral', false, misconfigured),
  conflict: traits('caller', false, 'neutral', false, broken),
  'rate-limit': traits('caller', true, 'neutral', true, busy),
  'quota-exhausted': traits('caller', false, 'neutral', false, unavailable),
  overloaded: traits('provider', true, 'failure', true, busy),
  'server-error': traits('provider', true, 'failure', false, unavailable),
  network: traits('provider', true, 'failure', false, 'The connection was lost. Please try again.'),
  interrupted: traits('provider', true, 'failure', false, broken),
  timeout: traits('provider', true, 'failure', false, 'The answer took too long. Please try again.'),
  'content-filter': traits('caller', false, 'neutral', false, 'The request was declined by a content filter.'),
  protocol: traits('provider', true, 'failure', false, broken),
  'invalid-output': traits('provider', false, 'success', false, broken),
  'circuit-open': traits('local', true, 'neutral', false, unavailable),
  'limit-exceeded': traits('local', true, 'neutral', false, busy),
  'buffer-overflow': traits('local', false, 'neutral', false, broken),
  'replay-gap': traits('local', false, 'neutral', false, broken),
  cancelled: traits('local', false, 'neutral', false, 'The request was cancelled.'),
  unknown: traits('caller', false, 'failure', false, broken),
} as const satisfies Record<string, CategoryTraits>;

/** Why a stream failed, in the words of {@link errorCategories}. */
export type ErrorCategory = keyof typeof errorCategories;
