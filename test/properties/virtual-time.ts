import { config } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterAll, beforeAll, expect, vi } from 'vitest';

/** RxJS's virtual time, moved by hand. */
export class VirtualTime {
  readonly #scheduler: TestScheduler;

  constructor(scheduler: TestScheduler) {
    this.#scheduler = scheduler;
  }

  get now(): number {
    return this.#scheduler.now();
  }

  /** Timers that would still fire. */
  get pending(): number {
    return this.#scheduler.actions.filter(({ closed }) => !closed).length;
  }

  /** Runs `action` so many milliseconds from now. */
  in(ms: number, action: () => void): void {
    this.#scheduler.schedule(action, ms);
  }

  /** Lets so many milliseconds pass, with everything that is due in them. */
  advance(ms: number): void {
    this.#scheduler.maxFrames = this.now + ms;
    this.#scheduler.schedule(() => undefined, ms);
    this.#scheduler.flush();
  }
}

/** Runs `body` in a virtual time of its own. */
export function inVirtualTime(body: (time: VirtualTime) => void): void {
  const scheduler = new TestScheduler(() => undefined);
  scheduler.run(() => body(new VirtualTime(scheduler)));
}

/** For a whole file: real timers are counted, and so is what nobody handles. */
export function watch(): { readonly unhandled: unknown[]; expectNoRealTimers(): void } {
  const unhandled: unknown[] = [];
  beforeAll(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate'] });
    config.onUnhandledError = (error) => unhandled.push(error);
  });
  afterAll(() => {
    vi.useRealTimers();
    config.onUnhandledError = null;
  });
  return { unhandled, expectNoRealTimers: () => expect(vi.getTimerCount()).toBe(0) };
}
