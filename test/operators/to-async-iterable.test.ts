import { concat, config, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { currentFlowGate } from '../../src/core/flow-gate.ts';
import { createClient, type ProviderError, type StreamRequest, textDeltas, toAsyncIterable } from '../../src/index.ts';
import { failure, fakeProvider, finish, text } from '../../src/testing/index.ts';
import { firehose, Tap } from './helpers.ts';

const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };

async function collect<T>(iterable: AsyncIterable<T>): Promise<{ values: T[]; error: unknown }> {
  const values: T[] = [];
  try {
    for await (const value of iterable) values.push(value);
  } catch (error) {
    return { values, error };
  }
  return { values, error: undefined };
}

/** A source that obeys the gate which is current while it is subscribed to. */
function pausing(total: number, eachTurn = 10) {
  const seen = { emitted: 0, paused: 0, torn: 0 };
  const stream = new Observable<number>((subscriber) => {
    const gate = currentFlowGate();
    if (gate) gate.taken = true;
    subscriber.add(() => seen.torn++);
    const turn = (): void => {
      if (subscriber.closed) return;
      if (gate && !gate.open) {
        seen.paused++;
        return;
      }
      for (let count = 0; count < eachTurn && seen.emitted < total; count++) subscriber.next(seen.emitted++);
      if (seen.emitted === total) subscriber.complete();
      else queueMicrotask(turn);
    };
    if (gate) subscriber.add(gate.onReopen(() => queueMicrotask(turn)));
    turn();
  });
  return { seen, stream };
}

describe('toAsyncIterable', () => {
  it.each([0, -1, 1.5, '5'])('throws a TypeError for maxItems %s that names it', (maxItems) => {
    expect(() => toAsyncIterable(of(1), { maxItems: maxItems as number })).toThrow(TypeError);
    expect(() => toAsyncIterable(of(1), { maxItems: maxItems as number })).toThrow('toAsyncIterable: maxItems');
  });

  it('reads with `for await`, and subscribes only then', async () => {
    const source = new Tap(of(1, 2, 3));
    const iterable = toAsyncIterable(source.stream);
    expect(source.subscribed).toBe(0);
    expect(await collect(iterable)).toEqual({ values: [1, 2, 3], error: undefined });
    expect(source).toMatchObject({ subscribed: 1, torn: 1 });
  });

  it('delivers what was buffered before an error, once', async () => {
    const error = failure('interrupted');
    const iterator = toAsyncIterable(
      concat(
        of(1, 2),
        throwError(() => error),
      ),
    );
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    expect(await iterator.next()).toEqual({ done: false, value: 2 });
    await expect(iterator.next()).rejects.toBe(error);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('drops what was buffered when the stream was cancelled', async () => {
    const source = new Subject<number>();
    const iterator = toAsyncIterable(source);
    const first = iterator.next();
    for (const value of [1, 2, 3]) source.next(value);
    source.error(failure('cancelled'));
    expect(await first).toEqual({ done: false, value: 1 });
    await expect(iterator.next()).rejects.toMatchObject({ category: 'cancelled' });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('raises an error of `undefined` too', async () => {
    const iterator = toAsyncIterable(throwError(() => undefined));
    await expect(iterator.next()).rejects.toBeUndefined();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('serves several `next()` at once, in their order', async () => {
    const source = new Subject<number>();
    const iterator = toAsyncIterable(source);
    const asked = [iterator.next(), iterator.next(), iterator.next(), iterator.next()];
    source.next(1);
    source.next(2);
    source.complete();
    expect(await Promise.all(asked)).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  it('raises an error to the first who waits, and is done for the others', async () => {
    const source = new Subject<number>();
    const iterator = toAsyncIterable(source);
    const asked = [iterator.next(), iterator.next()];
    source.error(failure('network'));
    await expect(asked[0]).rejects.toMatchObject({ category: 'network' });
    expect(await asked[1]).toEqual({ done: true, value: undefined });
  });

  it('unsubscribes at `break`', async () => {
    const source = new Tap(concat(of(1, 2, 3), NEVER));
    for await (const value of toAsyncIterable(source.stream)) if (value === 2) break;
    expect(source.running).toBe(0);
  });

  it('unsubscribes when the loop throws', async () => {
    const source = new Tap(concat(of(1, 2, 3), NEVER));
    const loop = async (): Promise<void> => {
      for await (const _ of toAsyncIterable(source.stream)) throw new Error('of the loop');
    };
    await expect(loop()).rejects.toThrow('of the loop');
    expect(source.running).toBe(0);
  });

  it('ends those who wait at `return()`', async () => {
    const source = new Tap(NEVER);
    const iterator = toAsyncIterable(source.stream);
    const asked = [iterator.next(), iterator.next()];
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    expect(await Promise.all(asked)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    expect(source.running).toBe(0);
  });

  it('never subscribes after `return()` or `throw()`', async () => {
    const source = new Tap(of(1));
    const returned = toAsyncIterable(source.stream);
    await returned.return?.();
    expect(await returned.next()).toEqual({ done: true, value: undefined });
    const thrown = toAsyncIterable(source.stream);
    await expect(thrown.throw?.(new Error('mine'))).rejects.toThrow('mine');
    expect(await thrown.next()).toEqual({ done: true, value: undefined });
    expect(source.subscribed).toBe(0);
  });

  it('forgets what was buffered at `return()`', async () => {
    const iterator = toAsyncIterable(of(1, 2, 3));
    await iterator.next();
    await iterator.return?.();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('overflows at `maxItems` for a source that cannot pause, after what it holds', async () => {
    const source = new Subject<number>();
    const tap = new Tap(source);
    const iterator = toAsyncIterable(tap.stream, { maxItems: 3 });
    const first = iterator.next();
    for (let value = 0; value < 10; value++) source.next(value);
    expect(tap.running).toBe(0);
    expect(await first).toEqual({ done: false, value: 0 });
    const rest = await collect(iterator);
    expect(rest.values).toEqual([1, 2, 3]);
    expect(rest.error).toMatchObject({ category: 'buffer-overflow', phase: 'local', retryable: false });
  });

  it('stops a synchronous source that overflows it, also one that never ends by itself', async () => {
    const source = firehose((index) => index, 50_000);
    const { values, error } = await collect(toAsyncIterable(source.stream, { maxItems: 10 }));
    expect(values.length).toBeLessThanOrEqual(11);
    expect((error as ProviderError).category).toBe('buffer-overflow');
    expect(source.emitted).toBeLessThan(50);
    expect(source.running).toBe(0);
  });

  it('pauses a source that can pause, and loses nothing', async () => {
    const { seen, stream } = pausing(5_000);
    const iterator = toAsyncIterable(stream, { maxItems: 20 });
    const first = await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seen.emitted).toBeLessThan(100);
    expect(seen.paused).toBeGreaterThan(0);
    const { values, error } = await collect(iterator);
    expect(error).toBeUndefined();
    expect([first.value, ...values]).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
    expect(seen.torn).toBe(1);
  });

  it('fulfils in constant time behind a long backlog', async () => {
    const values = Array.from({ length: 100_000 }, (_, index) => index);
    const started = performance.now();
    const got = await collect(toAsyncIterable(of(...values.slice(0, 100)), { maxItems: 200 }));
    expect(got.values).toHaveLength(100);
    let count = 0;
    for await (const _ of toAsyncIterable(
      new Observable<number>((subscriber) => {
        for (const value of values) subscriber.next(value);
        subscriber.complete();
      }),
      { maxItems: 200_000, maxBytes: Number.POSITIVE_INFINITY },
    ))
      count++;
    expect(count).toBe(100_000);
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it.each(['sizeOf', 'onDrop'] as const)('raises what `%s` throws, and unsubscribes', async (callback) => {
    const unhandled: unknown[] = [];
    config.onUnhandledError = (error) => unhandled.push(error);
    const thrown = new Error('of the callback');
    const source = new Subject<number>();
    const throws = {
      [callback]: () => {
        throw thrown;
      },
    };
    const iterator = toAsyncIterable(source, { maxItems: 1, overflow: 'drop-oldest', ...throws });
    const first = iterator.next();
    for (const value of [1, 2, 3]) source.next(value);
    expect(await first).toEqual({ done: false, value: 1 });
    const rest = collect(iterator);
    source.complete();
    expect((await rest).error).toBe(thrown);
    await new Promise((resolve) => setTimeout(resolve, 5));
    config.onUnhandledError = null;
    expect(unhandled).toEqual([]);
  });

  it('makes no unhandled rejection of an error that nobody asks for', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const source = new Subject<number>();
    const iterator = toAsyncIterable(source);
    const first = iterator.next();
    source.next(1);
    await first;
    source.error(failure('network'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('reads a client, and aborts it at `break`', async () => {
    const source = new Tap(concat(of(text('Hel'), text('lo')), NEVER));
    const provider = fakeProvider(source.stream, [text('Hello'), finish()]);
    const client = createClient({ provider });
    for await (const delta of toAsyncIterable(client.stream(request).pipe(textDeltas()))) if (delta === 'lo') break;
    expect(source.running).toBe(0);
    expect(await collect(toAsyncIterable(client.stream(request).pipe(textDeltas())))).toEqual({ values: ['Hello'], error: undefined });
  });

  it('keeps two iterations apart', async () => {
    const source = new Tap(of(1, 2));
    const [a, b] = await Promise.all([collect(toAsyncIterable(source.stream)), collect(toAsyncIterable(source.stream))]);
    expect([a?.values, b?.values]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(source.subscribed).toBe(2);
  });
});
