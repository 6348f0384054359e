import { concat, EMPTY, map, NEVER, Observable, of, Subject, take, throwError, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { currentFlowGate, FlowGate, withFlowGate } from '../../src/core/flow-gate.ts';
import { type BufferingConfig, boundedConcatMap, type EventLike } from '../../src/index.ts';
import { failure, finish, start, text, toolCall } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();
/** Work that takes a millisecond. */
const slow = <T>(value: T): Observable<T> => timer(1).pipe(map(() => value));

/** A source that obeys the gate which is current while it is subscribed to, and emits as long as it is open. */
function pausing<T>(make: (index: number) => T, total: number) {
  const seen = { emitted: 0, torn: 0, most: 0 };
  const stream = new Observable<T>((subscriber) => {
    const gate = currentFlowGate();
    if (gate) gate.taken = true;
    const run = (): void => {
      while (!subscriber.closed && gate?.open !== false && seen.emitted < total) subscriber.next(make(seen.emitted++));
      if (seen.emitted === total) subscriber.complete();
    };
    if (gate) subscriber.add(gate.onReopen(run));
    subscriber.add(() => seen.torn++);
    run();
  });
  return { seen, stream };
}

describe('boundedConcatMap', () => {
  it.each([
    [{ maxItems: 0 }, 'maxItems'],
    [{ maxItems: 1.5 }, 'maxItems'],
    [{ maxBytes: -1 }, 'maxBytes'],
    [{ overflow: 'drop' }, 'overflow'],
    [{ sizeOf: 5 }, 'sizeOf'],
    [{ onDrop: true }, 'onDrop'],
    [{ concurrency: 5 }, 'concurrency'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => boundedConcatMap(() => EMPTY, config as never)).toThrow(TypeError);
    expect(() => boundedConcatMap(() => EMPTY, config as never)).toThrow(`boundedConcatMap: ${field}`);
  });

  it('gives `project` an index, and takes whatever RxJS takes', () => {
    const told = listen(of('a', 'b').pipe(boundedConcatMap((value, index) => [value, index])));
    expect(told.values).toEqual(['a', 0, 'b', 1]);
    expect(told.ends).toBe(1);
  });

  it('does not recurse over work that is synchronous', () => {
    const source = firehose((index) => index, 50_000);
    const told = listen(source.stream.pipe(boundedConcatMap((value) => of(value))));
    expect(told.values).toHaveLength(50_000);
  });

  it('does not recurse over a backlog of synchronous work', () => {
    const first = new Subject<void>();
    const source = firehose((index) => index, 20_000);
    const told = listen(
      source.stream.pipe(
        boundedConcatMap((value) => (value === 0 ? first : of(value)), {
          maxItems: Number.POSITIVE_INFINITY,
          maxBytes: Number.POSITIVE_INFINITY,
        }),
      ),
    );
    first.complete();
    expect(told.values).toHaveLength(19_999);
  });

  it('pauses a source that can pause, and loses nothing', () => {
    const { seen, stream } = pausing((index) => index, 200);
    const told = listen(stream.pipe(boundedConcatMap(slow, { maxItems: 5 })));
    expect(seen.emitted).toBeLessThanOrEqual(6);
    for (let step = 0; step < 400; step++) {
      vi.advanceTimersByTime(1);
      expect(seen.emitted - told.values.length).toBeLessThanOrEqual(6);
    }
    expect(told.values).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(told.ends).toBe(1);
    expect(seen.torn).toBe(1);
    expect(timers()).toBe(0);
  });

  it('pauses by bytes too', () => {
    const { seen, stream } = pausing(() => 'x'.repeat(500), 100);
    const told = listen(stream.pipe(boundedConcatMap(slow, { maxBytes: 3_000 })));
    expect(seen.emitted).toBeLessThanOrEqual(4);
    vi.advanceTimersByTime(1_000);
    expect(told.values).toHaveLength(100);
  });

  it('obeys a consumer behind it that pauses, and says that it does', () => {
    const gate = new FlowGate();
    const told: number[] = [];
    const { seen, stream } = pausing((index) => index, 1_000);
    withFlowGate(gate, () => {
      stream.pipe(boundedConcatMap((value) => of(value), { maxItems: 4 })).subscribe((value) => {
        told.push(value);
        if (told.length % 10 === 0) gate.close();
      });
    });
    expect(gate.taken).toBe(true);
    expect(told).toHaveLength(10);
    expect(seen.emitted).toBeLessThanOrEqual(16);
    gate.reopen();
    expect(told).toHaveLength(20);
    for (let count = 0; count < 200; count++) gate.reopen();
    expect(told).toHaveLength(1_000);
  });

  it('overflows for a source that cannot pause, and unsubscribes from it and from the work', () => {
    const source = firehose((index) => index);
    const work = new Tap(NEVER);
    const told = listen(source.stream.pipe(boundedConcatMap(() => work.stream, { maxItems: 10 })));
    expect(told.error).toMatchObject({ category: 'buffer-overflow', phase: 'local' });
    expect(source.emitted).toBeLessThanOrEqual(12);
    expect([source.running, work.running]).toEqual([0, 0]);
  });

  it('overflows for one that says it pauses, and does not', () => {
    const source = new Observable<number>((subscriber) => {
      const gate = currentFlowGate();
      if (gate) gate.taken = true;
      for (let index = 0; !subscriber.closed && index < 100_000; index++) subscriber.next(index);
    });
    const told = listen(source.pipe(boundedConcatMap(() => NEVER, { maxItems: 10 })));
    expect(categoryOf(told)).toBe('buffer-overflow');
  });

  const script = [start(), text('a'), text('b'), toolCall('look', {}), text('c'), text('d'), { type: 'usage' }, text('e'), finish()];
  const protectedTypes = ['start', 'tool-call', 'usage', 'finish'];

  it.each(['drop-oldest', 'drop-newest'] as const)('%s never drops the start, the end, usage or tools, and keeps the order', (overflow) => {
    const dropped: number[] = [];
    const source = new Subject<EventLike>();
    const config: BufferingConfig<EventLike> = { maxItems: 4, overflow, onDrop: (count) => dropped.push(count) };
    const told = listen(source.pipe(boundedConcatMap(slow, config)));
    for (const event of script) source.next(event);
    source.complete();
    vi.advanceTimersByTime(1_000);
    expect(told.error).toBeUndefined();
    expect(told.values.filter(({ type }) => protectedTypes.includes(type)).map(({ type }) => type)).toEqual(protectedTypes);
    expect(told.values).toEqual(script.filter((event) => told.values.includes(event)));
    expect(told.values.length + (dropped.at(-1) ?? 0)).toBe(script.length);
    expect(dropped).toEqual(dropped.map((_, index) => index + 1));
  });

  it('drops do not let a stream of what may not be dropped grow for ever', () => {
    const source = firehose(() => ({ type: 'tool-call' }));
    const told = listen(source.stream.pipe(boundedConcatMap(() => NEVER, { maxItems: 10, overflow: 'drop-oldest' })));
    expect(categoryOf(told)).toBe('buffer-overflow');
    expect(source.emitted).toBeLessThan(100);
  });

  it('delivers what waits before an error, and before the end', () => {
    const error = failure('network');
    for (const end of [throwError(() => error), EMPTY]) {
      const told = listen(concat(of(1, 2, 3), end).pipe(boundedConcatMap(slow)));
      expect(told.ends).toBe(0);
      vi.advanceTimersByTime(100);
      expect(told.values).toEqual([1, 2, 3]);
      expect(told.ends).toBe(1);
    }
  });

  it('drops what waits on `cancelled`', () => {
    const told = listen(
      concat(
        of(1, 2, 3),
        throwError(() => failure('cancelled')),
      ).pipe(boundedConcatMap(slow)),
    );
    vi.advanceTimersByTime(100);
    expect(told.values.length).toBeLessThanOrEqual(1);
    expect(categoryOf(told)).toBe('cancelled');
  });

  it('ends with `cancelled` also when the work never does', () => {
    const source = new Subject<number>();
    const work = new Tap(NEVER);
    const told = listen(source.pipe(boundedConcatMap(() => work.stream)));
    source.next(1);
    source.error(failure('cancelled'));
    expect(categoryOf(told)).toBe('cancelled');
    expect(work.running).toBe(0);
  });

  it('ends with the error of the work, and leaves the source', () => {
    const source = new Tap(concat(of(1, 2), NEVER));
    const thrown = new Error('of the work');
    const told = listen(source.stream.pipe(boundedConcatMap(() => throwError(() => thrown))));
    expect(told.error).toBe(thrown);
    expect(source.running).toBe(0);
  });

  it.each(['project', 'sizeOf', 'onDrop'] as const)('raises what `%s` throws, and leaves the source', (name) => {
    const thrown = new Error('of the callback');
    const fail = () => {
      throw thrown;
    };
    const source = new Tap(concat(of(1, 2, 3), NEVER));
    const config: BufferingConfig<number> = { maxItems: 1, overflow: 'drop-oldest', ...(name !== 'project' && { [name]: fail }) };
    const told = listen(source.stream.pipe(boundedConcatMap(name === 'project' ? fail : slow, config)));
    expect(told.error).toBe(thrown);
    expect(source.running).toBe(0);
    expect(unhandled).toEqual([]);
    told.subscription.unsubscribe();
  });

  it('raises what `project` throws also while a paused consumer goes on', () => {
    const gate = new FlowGate();
    const thrown = new Error('of the callback');
    const source = new Subject<number>();
    let error: unknown;
    withFlowGate(gate, () => {
      source
        .pipe(
          boundedConcatMap((value) => {
            if (value === 2) throw thrown;
            return of(value);
          }),
        )
        .subscribe({ next: () => gate.close(), error: (raised) => (error = raised) });
    });
    source.next(1);
    source.next(2);
    expect(() => gate.reopen()).not.toThrow();
    expect(error).toBe(thrown);
    expect(source.observed).toBe(false);
  });

  it('keeps the order when the work causes the next value', () => {
    const source = new Subject<number>();
    const told = listen(
      source.pipe(
        boundedConcatMap((value) => {
          if (value < 5) source.next(value + 1);
          return of(value);
        }),
      ),
    );
    source.next(1);
    expect(told.values).toEqual([1, 2, 3, 4, 5]);
  });

  it('begins no more work once its consumer has had enough', () => {
    let begun = 0;
    const told = listen(
      of(1, 2, 3, 4).pipe(
        boundedConcatMap((value) => {
          begun++;
          return of(value);
        }),
        take(2),
      ),
    );
    expect(told.values).toEqual([1, 2]);
    expect(begun).toBe(2);
  });

  it('keeps subscriptions apart', () => {
    const piped = of(1, 2, 3).pipe(boundedConcatMap(slow, { maxItems: 3 }));
    const [first, second] = [listen(piped), listen(piped)];
    first.subscription.unsubscribe();
    vi.advanceTimersByTime(10);
    expect([first.values, second.values]).toEqual([[], [1, 2, 3]]);
    expect(timers()).toBe(0);
  });
});
