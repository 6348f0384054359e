import type { BackoffConfig, CircuitBreakersConfig, ErrorCategory, FinishReason, StreamTimeoutConfig } from 'steadystream';
import type { Answer } from 'steadystream/testing';

/** How a call ends: the finish reason, or the category of the error. */
export type Ending = FinishReason | ErrorCategory;

/** A provider that misbehaves in a certain way, and how the calls to it should end. */
export interface Scenario {
  readonly about: string;
  readonly retry?: BackoffConfig;
  readonly timeout?: StreamTimeoutConfig;
  readonly breakers?: CircuitBreakersConfig;
  /** The answer to the n-th request. */
  readonly answers: readonly Answer[];
  /** The calls, one after the other. */
  readonly calls: readonly { readonly ends: Ending; readonly waitsForBreaker?: boolean }[];
}

const pace = { headersDelay: 250, tokenDelay: 45 };
const overloaded = {
  status: 503,
  headersDelay: 250,
  body: { error: { message: 'The engine is overloaded', type: 'service_unavailable_error', code: 'server_is_overloaded' } },
};
const tooMany = {
  status: 429,
  headersDelay: 250,
  headers: { 'retry-after': '1' },
  body: { error: { message: 'Too many requests', type: 'rate_limit_error' } },
};
const broken = { status: 500, headersDelay: 250, body: { error: { message: 'The server had an error', type: 'server_error' } } };

export const scenarios = {
  clean: {
    about: 'an answer as it should be',
    answers: [
      {
        ...pace,
        text: 'An answer comes in small pieces, each of them in its order and once. The stream completes when the provider says so.',
      },
    ],
    calls: [{ ends: 'stop' }],
  },
  busy: {
    about: 'a 503, then a 429 with Retry-After, then the answer',
    retry: { initialDelay: 700, factor: 1, jitter: 'none' },
    answers: [
      overloaded,
      tooMany,
      {
        ...pace,
        text: 'Two attempts were turned away before a word was said, so there was nothing to take back: this is one answer, whole.',
      },
    ],
    calls: [{ ends: 'stop' }],
  },
  stall: {
    about: 'the first attempt goes silent before content',
    retry: { initialDelay: 500, jitter: 'none' },
    timeout: { firstContent: 1_100 },
    answers: [
      { headersDelay: 250, text: 'never said', after: 0, fault: 'stall', heartbeat: 200 },
      {
        ...pace,
        text: 'The first attempt sent heartbeats and no word. A heartbeat is not life, so its deadline ended it and closed its socket.',
      },
    ],
    calls: [{ ends: 'stop' }],
  },
  cut: {
    about: 'the connection dies in the middle of the answer',
    answers: [
      {
        ...pace,
        text: 'Nothing that was read is ever said twice. This sentence breaks off, and the error keeps',
        after: 'deltas',
        fault: 'reset',
      },
    ],
    calls: [{ ends: 'network' }],
  },
  outage: {
    about: 'failures open the breaker, calls are refused, probes close it',
    retry: { initialDelay: 300, factor: 1, jitter: 'none' },
    breakers: { consecutiveFailures: 3, openFor: 2_000 },
    answers: [
      broken,
      broken,
      broken,
      { ...pace, text: 'The first probe was let through alone.' },
      { ...pace, text: 'Others followed it.' },
      { ...pace, text: 'The breaker is closed.' },
    ],
    calls: [
      { ends: 'server-error' },
      { ends: 'circuit-open' },
      { ends: 'circuit-open' },
      { ends: 'stop', waitsForBreaker: true },
      { ends: 'stop' },
      { ends: 'stop' },
    ],
  },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;
