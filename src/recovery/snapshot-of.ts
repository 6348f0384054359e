import type { EventLike, StreamEvent } from '../core/event.ts';
import { ResultBuilder } from '../core/result-builder.ts';
import type { StreamResult } from '../core/stream-result.ts';

/**
 * What a reader would know who had read all of these events, a `snapshot` among them or not.
 *
 * Events that are not the library's change nothing. Linear in the text.
 *
 * @example
 * ```ts
 * const events: StreamEvent[] = [{ type: 'text-delta', id: '0', text: 'Hel' }, { type: 'text-delta', id: '0', text: 'lo' }];
 * snapshotOf(events).text; // 'Hello'
 * ```
 */
export function snapshotOf(events: Iterable<EventLike>): StreamResult {
  return snapshotEventOf(events).result;
}

/** The event that stands for all of these events: who has had it goes on as who has had them. */
export function snapshotEventOf(events: Iterable<EventLike>): Extract<StreamEvent, { readonly type: 'snapshot' }> {
  const builder = new ResultBuilder();
  for (const event of events) builder.add(event);
  return builder.snapshotEvent();
}
