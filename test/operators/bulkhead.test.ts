import { concat, EMPTY, mergeMap, NEVER, of, range, retry, Subject, take, throwError, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { bulkhead, createBulkhead } from '../../src/index.ts';
import { failure } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();

describe('createBulkhead', () => {
  it.each([
    [{}, 'maxConcurrent'],
    [{ maxConcurrent: 0 }, 'maxConcurrent'],
    [{ maxConcurrent: 1.5 }, 'maxConcurrent'],
    [{ maxConcurrent: 1, maxQueue: -1 }, 'maxQueue'],
    [{ maxConcurrent: 1, queue: 5 }, 'queue'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => createBulkhead(config as never)).toThrow(TypeError);
    expect(() => createBulkhead(config as never)).toThrow(`createBulkhead: ${field}`);
  });
});

describe('bulkhead', () => {
  it('throws a TypeError for what is no bulkhead', () => {
    expect(() => bulkhead({ maxConcurrent: 1 } as never)).toThrow(TypeError);
    expect(() => bulkhead({ maxConcurrent: 1 } as never)).toThrow('createBulkhead()');
  });

  it('counts who runs and who waits', () => {
    const places = createBulkhead({ maxConcurrent: 2, maxQueue: 5 });
    const told = [1, 2, 3, 4].map(() => listen(NEVER.pipe(bulkhead(places))));
    expect(places).toMatchObject({ active: 2, waiting: 2 });
    told[0]?.subscription.unsubscribe();
    expect(places).toMatchObject({ active: 2, waiting: 1 });
    told[3]?.subscription.unsubscribe();
    expect(places).toMatchObject({ active: 2, waiting: 0 });
    for (const { subscription } of told) subscription.unsubscribe();
    expect(places).toMatchObject({ active: 0, waiting: 0 });
    expect(timers(), 'it never needs one').toBe(0);
  });

  it.each([
    ['completes', of(1)],
    ['is empty', EMPTY],
    ['fails', throwError(() => failure('network'))],
  ])('gives a place back when a synchronous source %s, once', (_name, source) => {
    const places = createBulkhead({ maxConcurrent: 1 });
    for (let count = 0; count < 5; count++) expect(categoryOf(listen(source.pipe(bulkhead(places))))).not.toBe('limit-exceeded');
    expect(places.active).toBe(0);
  });

  it('gives a place back when its consumer has had enough', () => {
    const places = createBulkhead({ maxConcurrent: 1 });
    const source = firehose((index) => index);
    listen(source.stream.pipe(bulkhead(places), take(3)));
    expect(source.running).toBe(0);
    expect(places.active).toBe(0);
  });

  it('lets the next begin when one that ends does, also from within the end', () => {
    const places = createBulkhead({ maxConcurrent: 1, maxQueue: 10 });
    const order: number[] = [];
    const first = new Subject<number>();
    listen(first.pipe(bulkhead(places)), { complete: () => listen(of(3).pipe(bulkhead(places)), { next: (value) => order.push(value) }) });
    listen(of(2).pipe(bulkhead(places)), { next: (value) => order.push(value) });
    first.complete();
    expect(order).toEqual([2, 3]);
    expect(places).toMatchObject({ active: 0, waiting: 0 });
  });

  it('does not recurse over a long line of synchronous sources', () => {
    const places = createBulkhead({ maxConcurrent: 1, maxQueue: Number.POSITIVE_INFINITY });
    const gate = new Subject<number>();
    listen(gate.pipe(bulkhead(places)));
    const told = Array.from({ length: 10_000 }, () => listen(of(1).pipe(bulkhead(places))));
    gate.complete();
    expect(told.every(({ ends }) => ends === 1)).toBe(true);
    expect(places).toMatchObject({ active: 0, waiting: 0 });
  });

  it('lets a stream be tried again in its own place', () => {
    const places = createBulkhead({ maxConcurrent: 1 });
    const told = listen(throwError(() => failure('network')).pipe(bulkhead(places), retry(2)));
    expect(categoryOf(told)).toBe('network');
  });

  it('never lets more run than there are places, whatever their order of ends', () => {
    const places = createBulkhead({ maxConcurrent: 3, maxQueue: Number.POSITIVE_INFINITY });
    let most = 0;
    const told = listen(
      range(0, 50).pipe(
        mergeMap((index) => {
          const source = new Tap(concat(timer((index * 7) % 11), index % 5 === 0 ? throwError(() => index) : EMPTY));
          return source.stream.pipe(bulkhead(places), retry(1), (stream) => {
            most = Math.max(most, places.active);
            return stream;
          });
        }),
      ),
    );
    vi.advanceTimersByTime(10_000);
    expect(told.ends).toBe(1);
    expect(most).toBeLessThanOrEqual(3);
    expect(places).toMatchObject({ active: 0, waiting: 0 });
    expect(unhandled).toEqual([]);
  });
});
