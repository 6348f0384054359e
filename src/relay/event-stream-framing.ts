import type { EventLike } from '../core/event.ts';
import type { PublicError } from '../core/provider-error.ts';
import { endId } from './last-event-id.ts';

/** What a wire of server-sent messages has beside its events. */
export interface EventStreamFraming {
  /** The event that tells of a failure. */
  readonly failure: (error: PublicError) => EventLike;
  /** The last message, as it is written; empty where the end of the body says it all. */
  readonly end: (lastCursor: string | undefined) => string;
  /**
   * How a body ends that is cut off: closed, where its readers miss the last message; else it has to fail, or to say so by an event, because they
   * would take any end for the answer's.
   */
  readonly whenCut: 'close' | 'fail' | EventLike;
}

/** The relay's own: readers miss the end marker of what was cut off, and come back. */
export const relayFraming: EventStreamFraming = {
  failure: (error) => ({ type: 'error', error }) as EventLike,
  end: (lastCursor) => `id: ${endId(lastCursor)}\ndata: {"type":"end"}\n\n`,
  whenCut: 'close',
};
