import { asyncScheduler } from 'rxjs';

/** The time since 1970 in milliseconds, by a clock that never goes back; virtual inside a `TestScheduler`. */
export class StoreClock {
  #now = 0;
  #offset = 0;

  now(): number {
    const time = asyncScheduler.now() + this.#offset;
    if (time < this.#now) this.#offset += this.#now - time;
    this.#now = Math.max(this.#now, time);
    return this.#now;
  }
}
