import { catchError, concat, concatAll, defer, filter, map, type OperatorFunction, of } from 'rxjs';
import { type EventLike, ProviderError } from '../index.ts';
import type { AgUiEvent } from './ag-ui-event.ts';
import { EventWriter } from './event-writer.ts';
import { type AgUiRun, parseRun } from './run-agent-input.ts';

/**
 * Says a stream of events as a run of AG-UI: from `RUN_STARTED`, which comes at once, to `RUN_FINISHED` or `RUN_ERROR`.
 *
 * Never errors: a failure is a `RUN_ERROR` that holds what an end user may read and the category as its code; a cancelled stream is finished with
 * that outcome. What a `restart` or a `snapshot` makes void is taken out of the client's messages by a `MESSAGES_SNAPSHOT` of those before the run.
 * `start`, `retry`, `seam`, `restart`, `source`, `tool-input-delta`, `message` and events of your own are `CUSTOM` events of these names; `raw` and
 * `rate-limits` are left out.
 *
 * @param run The run as the client asked for it: `threadId`, `runId` and the `messages` that it has.
 * @throws ProviderError `invalid-request` for what is no run.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(toAgUiEvents(input)).subscribe((event) => socket.send(JSON.stringify(event)));
 * ```
 */
export function toAgUiEvents(run: Pick<AgUiRun, 'threadId' | 'runId' | 'messages'>): OperatorFunction<EventLike, AgUiEvent> {
  const group = groupAgUiEvents(run);
  return (source) => source.pipe(group, concatAll());
}

/** The same, where the events that one event became come together. */
export function groupAgUiEvents(run: Pick<AgUiRun, 'threadId' | 'runId' | 'messages'>): OperatorFunction<EventLike, readonly AgUiEvent[]> {
  parseRun(run);
  return (source) =>
    defer(() => {
      const writer = new EventWriter(run);
      let isOver = false;
      const end = (error: unknown): readonly AgUiEvent[] => {
        if (isOver) return [];
        isOver = true;
        return writer.fail(error);
      };
      const events$ = source.pipe(
        map((event) => {
          if (isOver) return [];
          const events = writer.push(event);
          isOver = event.type === 'finish';
          return events;
        }),
        catchError((error) => of(end(error))),
      );
      const cutShort = () => end(new ProviderError({ category: 'interrupted', reason: 'the stream ended before the answer did' }));
      return concat(
        of(writer.begin()),
        events$,
        defer(() => of(cutShort())),
      ).pipe(filter((events) => events.length > 0));
    });
}
