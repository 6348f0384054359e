import { type ErrorInit, isProviderError, ProviderError } from '../core/provider-error.ts';
import type { StreamOutcome } from './stream-record.ts';

/** The code of an error and of an outcome where a store has lost what it was given. */
export const streamLostCode = 'stream-lost';

/** The code of an error and of an outcome where the process is gone that produced a stream. */
export const producerLostCode = 'producer-lost';

/** There is no such stream, or none any more, or it is somebody else's. */
export function streamNotFound(): ProviderError {
  return new ProviderError({ category: 'not-found', phase: 'local', retryable: false, reason: 'there is no such stream' });
}

/** Events are gone that the reader has not had, and no snapshot stands for them. */
export function replayGap(): ProviderError {
  return new ProviderError({ category: 'replay-gap', phase: 'local', retryable: false, reason: 'the events after the cursor are gone' });
}

/** The events of a stream that had not ended are gone. */
export function streamLost(): ProviderError {
  return new ProviderError({ category: 'interrupted', phase: 'local', code: streamLostCode, reason: 'the stored stream was lost' });
}

/** The process is gone that produced a stream, and nobody takes it over. */
export function producerLost(cause?: unknown): ProviderError {
  return new ProviderError({ category: 'interrupted', phase: 'local', code: producerLostCode, reason: 'its producer was lost', cause });
}

/** A cursor is none. */
export function invalidCursor(): ProviderError {
  const reason = 'after must be a cursor of this stream, -1 or now';
  return new ProviderError({ category: 'invalid-request', phase: 'local', retryable: false, code: 'invalid-cursor', reason });
}

/** A store has no more room. */
export function storeFull(reason: string): ProviderError {
  return new ProviderError({ category: 'limit-exceeded', phase: 'local', code: 'store-full', reason });
}

/** A store was away for longer than its stream could wait. */
export function storeUnavailable(cause: unknown): ProviderError {
  return new ProviderError({
    category: 'network',
    phase: 'local',
    code: 'store-unavailable',
    reason: 'the store cannot be reached',
    cause,
  });
}

/** The outcome of a stream that somebody cancelled. */
export function cancelledOutcome(requestId: string): StreamOutcome {
  return { status: 'cancelled', error: new ProviderError({ category: 'cancelled', phase: 'local', requestId }).toPublic() };
}

/** The outcome of a stream that nobody can end any more. */
export function interruptedOutcome(requestId: string, code: typeof streamLostCode | typeof producerLostCode): StreamOutcome {
  return { status: 'interrupted', code, error: new ProviderError({ category: 'interrupted', phase: 'local', requestId }).toPublic() };
}

/** The outcome of a stream that failed. */
export function outcomeOf(error: unknown, requestId: string): StreamOutcome {
  const failure = isProviderError(error) ? error : new ProviderError({ category: 'unknown', phase: 'local', requestId, cause: error });
  const { code, partial, category } = failure;
  const status = category === 'cancelled' ? 'cancelled' : code === producerLostCode ? 'interrupted' : 'error';
  return { status, error: failure.toPublic(), ...(code && { code }), ...(partial && { usage: partial.usage }) };
}

/** What a subscriber is told of an outcome; `undefined` where the stream is `done`. */
export function errorOfOutcome({ status, error, code }: StreamOutcome): ProviderError | undefined {
  if (status === 'done') return undefined;
  const category = error?.category ?? (status === 'error' ? 'unknown' : status);
  const told: ErrorInit = {
    category,
    phase: 'streaming',
    requestId: error?.requestId,
    retryable: error?.retryable,
    retryAfterMs: error?.retryAfterMs,
    code,
  };
  return new ProviderError(told);
}
