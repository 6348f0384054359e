import { asapScheduler, catchError, concat, EMPTY, filter, merge, type Observable, scheduled, takeUntil, takeWhile, tap } from 'rxjs';
import type { Client, LifecycleEvent, StreamEvent } from 'steadystream';

/** What happens beside the answer, and the answer's pieces: of its text, of the reasoning before it, of a refusal. */
export type Happening = LifecycleEvent | Extract<StreamEvent, { readonly text: string }>;

/** Calls to a provider, one after the other, and what happens on the way. */
export interface Run {
  readonly title: string;
  readonly about: string;
  /** Whether there is more than one call. */
  readonly isSeries: boolean;
  start(interrupt$: Observable<unknown>): Observable<Happening>;
}

/** What happens to calls that are made one after the other. Each event of an answer is shown to `observe` as well. */
export function happenings(
  client: Pick<Client, 'lifecycle$'>,
  calls$: readonly Observable<StreamEvent>[],
  interrupt$: Observable<unknown>,
  observe: (event: StreamEvent) => void = () => undefined,
): Observable<Happening> {
  const deltas$ = calls$.map((call$) =>
    call$.pipe(
      tap(observe),
      filter((event) => 'text' in event),
      // The lifecycle tells it.
      catchError(() => EMPTY),
    ),
  );
  // Not at once, so that the lifecycle can still tell of a call that was interrupted.
  const end$ = scheduled(['end' as const], asapScheduler);
  return merge(client.lifecycle$, concat(concat(...deltas$).pipe(takeUntil(interrupt$)), end$)).pipe(
    takeWhile((happening) => happening !== 'end'),
  );
}
