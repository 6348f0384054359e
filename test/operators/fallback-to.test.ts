import { concat, EMPTY, NEVER, Observable, of, Subject, take, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { bulkhead, createBulkhead, type ErrorCategory, errorCategories, fallbackCategories, fallbackTo } from '../../src/index.ts';
import { failure, start, text } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();
const down = throwError(() => failure('overloaded'));

describe('fallbackTo', () => {
  it.each([
    [{ on: 'overloaded' }, 'on'],
    [{ on: ['down'] }, 'on.0'],
    [{ afterContent: 'yes' }, 'afterContent'],
    [{ isContent: true }, 'isContent'],
    [{ to: 5 }, 'to'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => fallbackTo(() => EMPTY, config as never)).toThrow(TypeError);
    expect(() => fallbackTo(() => EMPTY, config as never)).toThrow(`fallbackTo: ${field}`);
  });

  it('fbk-02: falls back on the provider’s troubles and limits, never on the caller’s mistakes, our overflows, or a cancel', () => {
    const helped = (Object.keys(errorCategories) as ErrorCategory[]).filter(
      (category) => listen(throwError(() => failure(category)).pipe(fallbackTo(() => of('other')))).values.length > 0,
    );
    expect(helped.toSorted()).toEqual([...fallbackCategories].toSorted());
    for (const mistake of ['invalid-request', 'authentication', 'context-length', 'buffer-overflow', 'replay-gap', 'cancelled'] as const) {
      expect(helped).not.toContain(mistake);
    }
  });

  it('classifies what nobody has classified', () => {
    const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    expect(listen(throwError(() => reset).pipe(fallbackTo(({ category }) => of(category)))).values).toEqual(['network']);
    const told = listen(throwError(() => new Error('a bug of mine')).pipe(fallbackTo(() => of(1))));
    expect(categoryOf(told)).toBe('unknown');
  });

  it('takes whatever RxJS takes', async () => {
    expect(listen(down.pipe(fallbackTo(() => [1, 2]))).values).toEqual([1, 2]);
    const told = listen(down.pipe(fallbackTo(() => Promise.resolve('later'))));
    await Promise.resolve();
    expect(told.values).toEqual(['later']);
  });

  it('raises what `next` throws, and what it does not return', () => {
    const thrown = new Error('of the callback');
    const throws = listen(
      down.pipe(
        fallbackTo((): Observable<number> => {
          throw thrown;
        }),
      ),
    );
    expect(throws.error).toBe(thrown);
    expect(listen(down.pipe(fallbackTo(() => undefined as never))).error).toBeInstanceOf(TypeError);
    expect(unhandled).toEqual([]);
  });

  it('raises what `isContent` throws, and does not fall back', () => {
    const thrown = new Error('of the callback');
    const isContent = () => {
      throw thrown;
    };
    const told = listen(of(1).pipe(fallbackTo(() => of(2), { isContent, on: [] })));
    expect(told.values).toEqual([]);
    expect(told.error).toBe(thrown);
  });

  it('knows content by its own test, or by what an operator below has stamped', () => {
    const preamble = concat(of(start()), down);
    expect(listen(preamble.pipe(fallbackTo(() => of('other')))).values).toEqual([start(), 'other']);
    const stamped = throwError(() => failure('network', { phase: 'streaming' }));
    expect(listen(stamped.pipe(fallbackTo(() => of('other')))).values).toEqual([]);
    const foreign = concat(of('token'), down);
    expect(listen(foreign.pipe(fallbackTo(() => of('other')))).values).toEqual(['token']);
    expect(listen(foreign.pipe(fallbackTo(() => of('other'), { isContent: () => false }))).values).toEqual(['token', 'other']);
  });

  it('falls back once: the other’s failure is raised', () => {
    const other = new Tap(throwError(() => failure('timeout')));
    const told = listen(down.pipe(fallbackTo(() => other.stream)));
    expect(categoryOf(told)).toBe('timeout');
    expect(other).toMatchObject({ subscribed: 1, torn: 1 });
  });

  it('falls further where several stand in a row', () => {
    const told = listen(
      down.pipe(
        fallbackTo(() => down),
        fallbackTo(() => of('third')),
      ),
    );
    expect(told.values).toEqual(['third']);
  });

  it('ends the first before it begins the other', () => {
    const order: string[] = [];
    const first = new Observable<number>((subscriber) => {
      subscriber.add(() => order.push('first ended'));
      setTimeout(() => subscriber.error(failure('network')), 0);
    });
    const other = new Observable<number>(() => void order.push('other began'));
    listen(first.pipe(fallbackTo(() => other)));
    vi.advanceTimersByTime(1);
    expect(order).toEqual(['first ended', 'other began']);
  });

  it('lets the other have the place that the first had', () => {
    const places = createBulkhead({ maxConcurrent: 1 });
    const source = new Subject<string>();
    const told = listen(
      source.pipe(
        bulkhead(places),
        fallbackTo(() => of('other').pipe(bulkhead(places))),
      ),
    );
    source.error(failure('network'));
    expect(told.error).toBeUndefined();
    expect(told.values).toEqual(['other']);
  });

  it('leaves the other when it is left, also within its first value', () => {
    const other = firehose((index) => text(`${index}`));
    const told = listen(
      down.pipe(
        fallbackTo(() => other.stream),
        take(2),
      ),
    );
    expect(told.values).toHaveLength(2);
    expect(other.emitted).toBeLessThanOrEqual(2);
    const waiting = new Tap(NEVER);
    listen(down.pipe(fallbackTo(() => waiting.stream))).subscription.unsubscribe();
    expect(waiting.running).toBe(0);
    expect(timers()).toBe(0);
  });

  it('asks `next` at each subscription', () => {
    let asked = 0;
    const piped = down.pipe(fallbackTo(() => of(++asked)));
    expect([listen(piped).values, listen(piped).values]).toEqual([[1], [2]]);
  });
});
