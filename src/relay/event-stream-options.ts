import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import type { EventLike } from '../core/event.ts';
import { callback, count, milliseconds } from '../core/options.ts';
import { isProviderError } from '../core/provider-error.ts';

/** Options of {@link toEventStreamResponse}. Times are milliseconds. */
export interface EventStreamOptions {
  /** Where the stream can be read again, sent as `Location`. Default: nowhere. */
  readonly location?: string | undefined;
  /** Default: 200. */
  readonly status?: number | undefined;
  /** Headers of the response, in place of its own where they have the same name. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long nothing is written before a comment is. Default: 15,000. */
  readonly heartbeat?: number | undefined;
  /** How long an `EventSource` shall wait before it reconnects, sent as `retry:`. Default: nothing is said, and it waits some seconds. */
  readonly retry?: number | undefined;
  /**
   * How long a stream that can be read again is served on one connection, spread by up to a tenth: its reader comes back, and is asked anew
   * who it is. Default: 300,000.
   */
  readonly maxAge?: number | undefined;
  /**
   * How much waits for a slow reader, in bytes, two for each character. A source that can pause is paused before; what a relay's handler serves is
   * read on from the log when there is room; else a stream that can be read again is closed behind what waits, so that its reader comes back, and
   * any other fails as `buffer-overflow`. Default: 1,048,576.
   */
  readonly maxBufferedBytes?: number | undefined;
  /** Closes the stream without the end marker, for a process that is about to end. Default: nothing does. */
  readonly signal?: AbortSignal | undefined;
  /** Which events are written. Default: all but `raw` and `rate-limits`, which are no business of an end user. */
  readonly isPublic?: ((event: EventLike) => boolean) | undefined;
  /**
   * Which failures only close a stream that can be read again, because the stream itself has not failed. Default: a store that cannot be reached.
   */
  readonly isClosingFor?: ((error: unknown) => boolean) | undefined;
  /** Draws a number from 0 up to 1, by which `maxAge` and the return of readers that are sent away are spread. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** All but what is of one response. */
export const eventStreamShape = {
  headers: z
    .custom<Readonly<Record<string, string>>>((value) => typeof value === 'object' && value !== null && !(value instanceof Headers), {
      error: 'must be an object of texts',
    })
    .default({}),
  heartbeat: milliseconds(10).default(defaults.relay.heartbeat),
  retry: milliseconds(0).optional(),
  maxAge: milliseconds(10).default(defaults.relay.maxAge),
  maxBufferedBytes: count(1).default(defaults.relay.maxBufferedBytes),
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, { error: 'must be an AbortSignal' }).optional(),
  isPublic: callback<(event: EventLike) => boolean>().default(() => isForEveryone),
  isClosingFor: callback<(error: unknown) => boolean>().default(() => isOfTheStore),
  random: callback<() => number>().default(() => Math.random),
};

export const eventStreamSchema = z.strictObject({
  ...eventStreamShape,
  location: z.string({ error: 'must be a string' }).optional(),
  status: count(200, 299).default(200),
});

/** Options with their defaults. */
export type EventStreamSettings = z.output<typeof eventStreamSchema>;

function isForEveryone({ type }: EventLike): boolean {
  return type !== 'raw' && type !== 'rate-limits';
}

function isOfTheStore(error: unknown): boolean {
  return isProviderError(error) && error.phase === 'local' && (error.category === 'network' || error.category === 'timeout');
}
