import type { Signal } from '@angular/core';
import { toObservable, toSignal } from '@angular/core/rxjs-interop';
import { distinctUntilChanged, map, of, switchMap, takeWhile, timer } from 'rxjs';

/** The whole seconds until a time in milliseconds since 1970, live; `undefined` without one. Call it where `inject()` may be called. */
export function countdownTo(time: Signal<number | undefined>): Signal<number | undefined> {
  const secondsLeft = (until: number) => Math.max(0, Math.ceil((until - Date.now()) / 1_000));
  const seconds$ = toObservable(time).pipe(
    switchMap((until) =>
      until === undefined
        ? of(undefined)
        : timer(0, 200).pipe(
            map(() => secondsLeft(until)),
            takeWhile((left) => left > 0, true),
          ),
    ),
    distinctUntilChanged(),
  );
  return toSignal(seconds$);
}
