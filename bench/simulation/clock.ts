/** A timer in virtual time. */
interface Alarm {
  at: number;
  /** Alarms of one moment ring in the order in which they were set. */
  order: number;
  readonly every: number | undefined;
  /** `undefined` once it is called off: a stream that has ended is not kept for a deadline that is minutes away. */
  ring: (() => void) | undefined;
}

/** Where virtual time begins: a date, since some of what runs in it wants one. */
const epoch = Date.UTC(2026, 0, 1);

const realImmediate = setImmediate;

/**
 * A clock that jumps from alarm to alarm.
 *
 * Installed, it stands in for the timers and the clocks of the process, so that rxjs's schedulers, and libraries that know nothing of
 * rxjs, live in its time. A heap, because a `VirtualTimeScheduler` sorts all that it waits for whenever something is scheduled: with
 * fifteen thousand streams under way that is all it would do.
 */
export class VirtualClock {
  /** Milliseconds since the beginning. */
  now = 0;
  readonly #alarms: Alarm[] = [];
  #order = 0;

  /** Runs `ring` after `delay` milliseconds; the returned function calls it off. */
  after(delay: number, ring: () => void): () => void {
    const alarm = this.#set(delay, ring, undefined);
    return () => {
      alarm.ring = undefined;
    };
  }

  /** Replaces the process's timers and clocks with this one's. */
  install(): void {
    const set =
      (every: boolean) =>
      (ring: (...args: unknown[]) => void, delay?: number, ...args: unknown[]) =>
        this.#set(delay ?? 0, () => ring(...args), every ? delay : undefined);
    const clear = (alarm: Alarm | undefined): void => {
      if (alarm) alarm.ring = undefined;
    };
    Object.assign(globalThis, { setTimeout: set(false), setInterval: set(true), clearTimeout: clear, clearInterval: clear });
    Date.now = () => epoch + this.now;
    performance.now = () => this.now;
  }

  /**
   * Lets time pass until a moment.
   *
   * @param settles Whether promises are to settle between alarms; what is made of Observables alone needs no such pause.
   */
  async runUntil(end: number, settles: boolean): Promise<void> {
    for (let alarm = this.#next(end); alarm; alarm = this.#next(end)) {
      this.now = alarm.at;
      alarm.ring?.();
      if (settles) await new Promise<void>((resolve) => realImmediate(resolve));
      if (alarm.every !== undefined && alarm.ring) this.#setAgain(alarm, alarm.every);
    }
    this.now = end;
  }

  #set(delay: number, ring: () => void, every: number | undefined): Alarm {
    const alarm: Alarm = { at: this.now + Math.max(0, delay), order: this.#order++, every, ring };
    this.#push(alarm);
    return alarm;
  }

  #setAgain(alarm: Alarm, every: number): void {
    alarm.at = this.now + Math.max(1, every);
    alarm.order = this.#order++;
    this.#push(alarm);
  }

  #next(end: number): Alarm | undefined {
    for (;;) {
      const first = this.#alarms[0];
      if (!first || first.at > end) return undefined;
      this.#pop();
      if (first.ring) return first;
    }
  }

  #push(alarm: Alarm): void {
    const heap = this.#alarms;
    let index = heap.length;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above] as Alarm;
      if (isEarlier(parent, alarm)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = alarm;
  }

  #pop(): void {
    const heap = this.#alarms;
    const last = heap.pop() as Alarm;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isEarlier(heap[below + 1] as Alarm, heap[below] as Alarm)) below++;
      if (isEarlier(last, heap[below] as Alarm)) break;
      heap[index] = heap[below] as Alarm;
      index = below;
    }
    heap[index] = last;
  }
}

function isEarlier(a: Alarm, b: Alarm): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
