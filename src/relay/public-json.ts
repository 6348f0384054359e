import type { EventLike } from '../core/event.ts';
import { isProviderError, ProviderError, type PublicError } from '../core/provider-error.ts';

/** Events that come in great numbers, and hold text alone. */
const plain = new Set(['text-delta', 'reasoning-delta', 'refusal-delta', 'tool-input-delta']);

/** Half a surrogate pair as JSON writes it; an even number of backslashes before it is text. */
const halves = /((?:^|[^\\])(?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/**
 * An event as whoever reads a relay may see it: its cursor stands beside it, an error says what an end user may read, and no half of a
 * surrogate pair is left, which some parsers refuse.
 *
 * @throws ProviderError `protocol`, code `not-json`, if it is something that JSON cannot hold.
 */
export function publicJson(event: EventLike): string {
  const shown = 'cursor' in event ? { ...event, cursor: undefined } : event;
  try {
    const json = plain.has(event.type) ? JSON.stringify(shown) : JSON.stringify(shown, withoutSecrets);
    if (!json.includes('\\ud')) return json;
    // Twice, because two halves in a row share a border.
    return json.replace(halves, '$1\ufffd').replace(halves, '$1\ufffd');
  } catch (cause) {
    throw new ProviderError({ category: 'protocol', phase: 'local', code: 'not-json', reason: 'the event is not JSON', cause });
  }
}

/** What an end user may read of anything that was thrown. */
export function publicError(error: unknown): PublicError {
  return (isProviderError(error) ? error : new ProviderError({ category: 'unknown', phase: 'local' })).toPublic();
}

/** JSON asks an error for itself before it asks here: what it was is told by its owner. */
function withoutSecrets(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  return original instanceof Error || isProviderError(original) ? publicError(original) : value;
}
