import type { MonoTypeOperatorFunction, Subscription } from 'rxjs';
import { Observable, type Subscriber } from 'rxjs';
import { isProviderError } from '../../src/index.ts';
import { holds, same } from './runs.ts';

/** One stream behind a gate: what its source and its reader have seen. */
export class Stream {
  readonly index: number;
  source: Subscriber<unknown> | undefined;
  subscription: Subscription | undefined;
  /** `refused` without having been let through. */
  state: 'waiting' | 'running' | 'ended' | 'refused' | 'left' = 'waiting';
  wentAt: number | undefined;
  values = 0;
  ends = 0;

  constructor(index: number) {
    this.index = index;
  }

  get isOver(): boolean {
    return this.state === 'ended' || this.state === 'refused' || this.state === 'left';
  }
}

/** Streams that are subscribed to behind a gate, in turn, and driven by hand. */
export class Streams {
  readonly all: Stream[] = [];
  /** In the order in which they were let through. */
  readonly went: Stream[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  of(state: Stream['state']): Stream[] {
    return this.all.filter((stream) => stream.state === state);
  }

  /** The `n`-th that waits or runs, round and round. */
  pick(n: number): Stream | undefined {
    const live = this.all.filter(({ isOver }) => !isOver);
    return live[n % live.length];
  }

  subscribe(gate: MonoTypeOperatorFunction<unknown>): Stream {
    const stream = new Stream(this.all.length);
    this.all.push(stream);
    const source$ = new Observable<unknown>((subscriber) => {
      stream.source = subscriber;
      same(stream.state, 'waiting', 'subscribed');
      stream.state = 'running';
      stream.wentAt = this.#now();
      this.went.push(stream);
    });
    stream.subscription = source$.pipe(gate).subscribe({
      next: () => {
        holds(!stream.isOver, () => `a value after the end of ${stream.index}`);
        stream.values++;
      },
      error: (error) => this.#end(stream, isProviderError(error) ? error.category : 'foreign'),
      complete: () => this.#end(stream),
    });
    return stream;
  }

  leave(stream: Stream): void {
    stream.state = 'left';
    stream.subscription?.unsubscribe();
    holds(stream.source?.closed !== false, () => `the source of ${stream.index} is still open`);
  }

  #end(stream: Stream, category?: string): void {
    holds(!stream.isOver, () => `a second end of ${stream.index}`);
    stream.ends++;
    stream.state = stream.state === 'waiting' && category === 'limit-exceeded' ? 'refused' : 'ended';
  }
}
