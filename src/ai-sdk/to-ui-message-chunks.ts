import { catchError, concat, concatAll, defer, filter, map, type OperatorFunction, of } from 'rxjs';
import * as z from 'zod';
import { callback, parseOptions } from '../endpoint.ts';
import { type EventLike, ProviderError, type StreamEvent } from '../index.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { UIMessageChunk, UIMessageMetadata } from './ui-message-chunk.ts';

/** Options of {@link toUIMessageChunks}. */
export interface UIMessageChunksConfig {
  /** The id of the message. Default: none, and the page makes one. */
  readonly messageId?: string | undefined;
  /**
   * Whether the message is told again, from its beginning, to a page that may have read some of it: then it begins with a `data-restart` part.
   * Default: false.
   */
  readonly isReplay?: boolean | undefined;
  /**
   * What `start`, `usage` and `finish` events add to the metadata of the message; `undefined` adds nothing. Default: {@link UIMessageMetadata}.
   */
  readonly messageMetadata?: ((event: EventLike) => unknown) | undefined;
}

export const chunksShape = {
  messageId: z.string({ error: 'must be a string' }).optional(),
  isReplay: z.boolean({ error: 'must be true or false' }).default(false),
  messageMetadata: callback<(event: EventLike) => unknown>().default(() => metadataOf),
};

const schema = z.strictObject(chunksShape);

/**
 * Says a stream of events in the chunks of the AI SDK's UI message stream.
 *
 * Never errors: a failure is an `error` chunk that holds what an end user may read, a cancelled stream ends with `abort`. What a `restart` or a
 * `snapshot` makes void is followed by a `data-restart` part, see {@link currentParts}. `raw` and `rate-limits` events are left out. An event whose
 * type begins with `data-` goes through as it is.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(toUIMessageChunks()).subscribe((chunk) => socket.send(JSON.stringify(chunk)));
 * ```
 */
export function toUIMessageChunks(config: UIMessageChunksConfig = {}): OperatorFunction<EventLike, UIMessageChunk> {
  const group = groupUIMessageChunks(parseOptions('toUIMessageChunks', schema, config));
  return (source) => source.pipe(group, concatAll());
}

/** The same, where the chunks that one event became come together. */
export function groupUIMessageChunks(settings: z.output<typeof schema>): OperatorFunction<EventLike, readonly UIMessageChunk[]> {
  return (source) =>
    defer(() => {
      const writer = new ChunkWriter(settings);
      let isOver = false;
      const end = (error: unknown): readonly UIMessageChunk[] => {
        if (isOver) return [];
        isOver = true;
        return writer.fail(error);
      };
      const chunks$ = source.pipe(
        map((event) => {
          if (isOver) return [];
          const chunks = writer.push(event);
          isOver = event.type === 'finish';
          return chunks;
        }),
        catchError((error) => of(end(error))),
      );
      const cutShort = () => end(new ProviderError({ category: 'interrupted', reason: 'the stream ended before the answer did' }));
      return concat(
        chunks$,
        defer(() => of(cutShort())),
      ).pipe(filter((chunks) => chunks.length > 0));
    });
}

function metadataOf(value: EventLike): UIMessageMetadata | undefined {
  const event = value as StreamEvent;
  switch (event.type) {
    case 'start':
      return { requestId: event.requestId, provider: event.provider, model: event.model };
    case 'usage':
      return { usage: event.usage };
    case 'finish':
      return { finishReason: event.finishReason, rawFinishReason: event.rawFinishReason, usage: event.usage };
    default:
      return undefined;
  }
}
