import { defer, endWith, filter, map, type OperatorFunction } from 'rxjs';
import type { EventLike } from '../core/event.ts';
import { ResultBuilder } from '../core/result-builder.ts';
import type { StreamResult } from '../core/stream-result.ts';

/**
 * The result as it grows: text, reasoning, tool calls and usage so far.
 *
 * Emits an immutable result for each event that changes it; the cost is linear in the response. (Reading the whole text of each is
 * not: coalesce first, as `viewState` does.) Completes and fails with the source.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(accumulate()).subscribe(({ text, toolCalls }) => render(text, toolCalls));
 * ```
 */
export function accumulate(): OperatorFunction<EventLike, StreamResult> {
  return (source) =>
    defer(() => {
      const builder = new ResultBuilder();
      return source.pipe(
        filter((event) => builder.add(event)),
        map(() => builder.snapshot()),
      );
    });
}

/**
 * The whole result, once the stream has ended.
 *
 * Emits one result when the source completes, and completes. Fails with the source.
 *
 * @example
 * ```ts
 * const { text, usage } = await firstValueFrom(client.stream(request).pipe(result()));
 * ```
 */
export function result(): OperatorFunction<EventLike, StreamResult> {
  return (source) =>
    defer(() => {
      const builder = new ResultBuilder();
      return source.pipe(
        filter((event) => {
          builder.add(event);
          return false;
        }),
        endWith(undefined),
        map(() => builder.snapshot()),
      );
    });
}
