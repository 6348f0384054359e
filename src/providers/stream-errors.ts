import { ErrorResponse } from '../core/error-response.ts';
import type { ProviderEvent } from '../core/event.ts';
import { isObject } from '../core/json-value.ts';

/** What a provider reports as an error inside its stream; `body` is its message, parsed. */
export function reportedError(body: unknown): ErrorResponse {
  // That an error is an error is no code of it.
  const told = isObject(body) && body.type === 'error' ? { ...body, type: undefined } : body;
  return new ErrorResponse({ status: undefined, body: told, headers: undefined });
}

/** A stream that breaks its own format, in the library's words: classified as `protocol`. */
export function malformedStream(reason: string): ErrorResponse {
  return new ErrorResponse({ status: undefined, body: undefined, headers: undefined, reason });
}

/** Delivers what a message held beside its error, then throws; throws at once where it held nothing. */
export function eventsThenError(events: readonly ProviderEvent[], error: unknown): Iterable<ProviderEvent> {
  if (events.length === 0) throw error;
  return deliverThenThrow([...events], error);
}

function* deliverThenThrow(events: readonly ProviderEvent[], error: unknown): Iterable<ProviderEvent> {
  yield* events;
  throw error;
}
