import type { EventLike } from '../core/event.ts';
import { type ErrorInit, ProviderError } from '../core/provider-error.ts';

/**
 * An event as a store keeps it.
 *
 * @throws ProviderError `protocol`, code `not-json`, if it is something that JSON cannot hold.
 *
 * @example
 * ```ts
 * const event: StreamEvent = { type: 'text-delta', id: '0', text: 'Hello' };
 * parseEvent(serializeEvent(event));
 * ```
 */
export function serializeEvent(event: EventLike): string {
  try {
    return JSON.stringify(event);
  } catch (cause) {
    throw new ProviderError({ category: 'protocol', phase: 'local', code: 'not-json', reason: 'the event is not JSON', cause });
  }
}

/** The event that {@link serializeEvent} wrote; the error of a `retry` or a `restart` is a {@link ProviderError} again. */
export function parseEvent(json: string): EventLike {
  const event = JSON.parse(json) as EventLike & { error?: unknown };
  return isSerializedError(event.error) ? ({ ...event, error: new ProviderError(event.error) } as EventLike) : event;
}

function isSerializedError(value: unknown): value is ErrorInit {
  return typeof value === 'object' && value !== null && (value as Error).name === 'ProviderError' && 'category' in value;
}
