import { asyncScheduler } from 'rxjs';

/** The wall clock in milliseconds; virtual inside a `TestScheduler`. */
export const wallClock = (): number => asyncScheduler.now();

/**
 * A clock that never goes back: a step backward of the wall clock is absorbed.
 *
 * Each owner makes its own, so that virtual time in one test does not reach into another.
 */
export function monotonicClock(): () => number {
  let offset = 0;
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    let now = asyncScheduler.now() + offset;
    if (now < last) {
      offset += last - now;
      now = last;
    }
    last = now;
    return now;
  };
}
