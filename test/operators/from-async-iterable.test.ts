import { config, lastValueFrom, retry, take, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  backoff,
  boundedConcatMap,
  classifyErrors,
  fromAsyncIterable,
  fromReadableStream,
  streamTimeout,
  throwIfUnfinished,
  toAsyncIterable,
} from '../../src/index.ts';
import { failure } from '../../src/testing/index.ts';
import { categoryOf, listen } from './helpers.ts';

const turn = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));
const forever = new Promise<never>(() => undefined);

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
  config.onUnhandledError = note;
});
afterEach(async () => {
  await turn();
  process.off('unhandledRejection', note);
  config.onUnhandledError = null;
  expect(unhandled).toEqual([]);
});

/** An SDK's stream that notes what becomes of it. */
function opened<T>(values: readonly T[], end: 'end' | 'hang' | Error = 'end') {
  const seen = { opened: 0, returned: 0, signals: [] as AbortSignal[] };
  async function* generate(): AsyncGenerator<T> {
    try {
      for (const value of values) yield value;
      if (end === 'hang') await forever;
      if (end instanceof Error) throw end;
    } finally {
      seen.returned++;
    }
  }
  const open = (signal: AbortSignal): AsyncIterable<T> => {
    seen.opened++;
    seen.signals.push(signal);
    return generate();
  };
  return { seen, open };
}

describe('fromAsyncIterable', () => {
  it('opens at each subscription, and at nothing else', async () => {
    const { seen, open } = opened([1, 2, 3]);
    const stream = fromAsyncIterable(open);
    await turn();
    expect(seen.opened).toBe(0);
    expect(await lastValueFrom(stream.pipe(toArray()))).toEqual([1, 2, 3]);
    expect(await lastValueFrom(stream.pipe(toArray()))).toEqual([1, 2, 3]);
    expect(seen).toMatchObject({ opened: 2, returned: 2 });
  });

  it('takes a promise of an iterable, as SDKs give one', async () => {
    const { open } = opened(['a']);
    expect(await lastValueFrom(fromAsyncIterable(async (signal) => open(signal)))).toBe('a');
  });

  it('does not abort what has come to its end, nor what has failed', async () => {
    for (const end of ['end', new Error('broken')] as const) {
      const { seen, open } = opened([1], end);
      const told = listen(fromAsyncIterable(open));
      await turn();
      expect(told.ends).toBe(1);
      expect(told.error).toBe(end === 'end' ? undefined : end);
      expect(seen.signals[0]?.aborted).toBe(false);
    }
  });

  it('closes the source at once when it is left: the signal aborts, and `return` is called', async () => {
    let returned = 0;
    const signals: AbortSignal[] = [];
    const told = listen(
      fromAsyncIterable((signal) => {
        signals.push(signal);
        return {
          [Symbol.asyncIterator]: () => ({
            next: () => forever,
            return: () => {
              returned++;
              return forever;
            },
          }),
        };
      }),
    );
    await turn();
    told.subscription.unsubscribe();
    expect(returned).toBe(1);
    expect(signals[0]?.aborted).toBe(true);
  });

  it('str-18: a consumer that has had enough closes a generator', async () => {
    const { seen, open } = opened([1, 2, 3]);
    const told = listen(fromAsyncIterable(open).pipe(take(2)));
    await turn();
    expect(told.values).toEqual([1, 2]);
    expect(seen.returned).toBe(1);
    expect(seen.signals[0]?.aborted).toBe(true);
  });

  it('closes what is opened after it was left', async () => {
    const { seen, open } = opened([1, 2]);
    let give: (iterable: AsyncIterable<number>) => void = () => undefined;
    let returned = 0;
    const told = listen(
      fromAsyncIterable<number>(
        () =>
          new Promise((resolve) => {
            give = resolve;
          }),
      ),
    );
    told.subscription.unsubscribe();
    const inner = open(new AbortController().signal)[Symbol.asyncIterator]();
    give({
      [Symbol.asyncIterator]: () => ({
        next: () => inner.next(),
        return: () => {
          returned++;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    });
    await turn();
    expect(told.values).toEqual([]);
    expect(returned).toBe(1);
    expect(seen.opened).toBe(1);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ])('raises it when `open` %s', async (_name, open: () => never | Promise<never>) => {
    const told = listen(fromAsyncIterable(open));
    await turn();
    expect(told.error).toMatchObject({ message: 'mine' });
  });

  it.each([[undefined], [null], [5], [{}]])('raises a TypeError when `open` gives %j', async (value) => {
    const told = listen(fromAsyncIterable(() => value as never));
    await turn();
    expect(told.error).toBeInstanceOf(TypeError);
  });

  it.each(['throws', 'rejects', 'is missing'])('survives a `return` that %s', async (how) => {
    const returns = {
      throws: {
        return: () => {
          throw new Error('of return');
        },
      },
      rejects: { return: () => Promise.reject(new Error('of return')) },
      'is missing': {},
    }[how] as object;
    const told = listen(fromAsyncIterable(() => ({ [Symbol.asyncIterator]: () => ({ next: () => forever, ...returns }) })));
    await turn();
    expect(() => told.subscription.unsubscribe()).not.toThrow();
    await turn();
    expect(told.ends).toBe(0);
  });

  it('says nothing more when the source fails for having been left', async () => {
    const told = listen(
      fromAsyncIterable((signal) => ({
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise<IteratorResult<never>>((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
            }),
        }),
      })),
    );
    await turn();
    told.subscription.unsubscribe();
    await turn();
    expect(told.ends).toBe(0);
  });

  it('a retry opens the source anew, where rxjs would complete empty', async () => {
    let opens = 0;
    const told = listen(
      fromAsyncIterable(async function* () {
        if (++opens < 3) throw failure('network');
        yield 'Hello';
      }).pipe(classifyErrors(), retry(backoff({ initialDelay: 1, jitter: 'none' }))),
    );
    await turn(200);
    expect(told).toMatchObject({ values: ['Hello'], ends: 1, error: undefined });
    expect(opens).toBe(3);
  });

  it('a timeout closes the source', async () => {
    const { seen, open } = opened(['a'], 'hang');
    const told = listen(fromAsyncIterable(open).pipe(streamTimeout({ idle: 30 })));
    await turn(100);
    expect(categoryOf(told)).toBe('timeout');
    expect(seen.signals[0]?.aborted).toBe(true);
  });

  it('with `throwIfUnfinished` an SDK’s early end is an error', async () => {
    const { open } = opened([{ text: 'Hel' }]);
    const told = listen(fromAsyncIterable(open).pipe(throwIfUnfinished((chunk) => 'finishReason' in chunk)));
    await turn();
    expect(categoryOf(told)).toBe('interrupted');
  });

  it('obeys a consumer that is slower: it is asked no faster than it is read', async () => {
    const { open } = opened(Array.from({ length: 2_000 }, (_, index) => index));
    const values: number[] = [];
    for await (const value of toAsyncIterable(fromAsyncIterable(open), { maxItems: 16 })) {
      values.push(value);
      if (value % 500 === 0) await turn();
    }
    expect(values).toHaveLength(2_000);
  });

  it('obeys slow work behind it', async () => {
    const { open } = opened(Array.from({ length: 300 }, (_, index) => index));
    const slow = async (value: number) => {
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
      return value;
    };
    expect(await lastValueFrom(fromAsyncIterable(open).pipe(boundedConcatMap(slow, { maxItems: 4 }), toArray()))).toHaveLength(300);
  });

  it('leaves a stop to a consumer that leaves within a value', async () => {
    const { seen, open } = opened([1, 2, 3]);
    const told = listen(fromAsyncIterable(open), { next: () => told.subscription.unsubscribe() });
    await turn();
    expect(told.values).toEqual([1]);
    expect(seen.returned).toBe(1);
  });
});

describe('fromReadableStream', () => {
  /** A stream of chunks that notes its cancel. */
  function chunks<T>(values: readonly T[], end: 'close' | 'hang' | Error = 'close') {
    const seen = { pulled: 0, cancelled: 0 };
    const open = () =>
      new ReadableStream<T>(
        {
          pull(controller) {
            const value = values[seen.pulled++];
            if (value !== undefined) controller.enqueue(value);
            else if (end === 'close') controller.close();
            else if (end === 'hang') return forever;
            else controller.error(end);
            return undefined;
          },
          cancel() {
            seen.cancelled++;
          },
        },
        { highWaterMark: 0 },
      );
    return { seen, open };
  }

  it('reads to the end, and gives the lock back', async () => {
    const { open, seen } = chunks(['Hel', 'lo']);
    const stream = open();
    expect(await lastValueFrom(fromReadableStream(() => stream).pipe(toArray()))).toEqual(['Hel', 'lo']);
    expect(stream.locked).toBe(false);
    expect(seen.cancelled).toBe(0);
  });

  it('cancels the stream when it is left, also while it waits', async () => {
    const { open, seen } = chunks(['a'], 'hang');
    const told = listen(fromReadableStream(async () => open()));
    await turn();
    told.subscription.unsubscribe();
    await turn();
    expect(told.values).toEqual(['a']);
    expect(seen.cancelled).toBe(1);
  });

  it('cancels what is opened after it was left', async () => {
    const { open, seen } = chunks(['a']);
    let give: (stream: ReadableStream<string>) => void = () => undefined;
    const told = listen(
      fromReadableStream<string>(
        () =>
          new Promise((resolve) => {
            give = resolve;
          }),
      ),
    );
    told.subscription.unsubscribe();
    give(open());
    await turn();
    expect(seen.cancelled).toBe(1);
    expect(told.values).toEqual([]);
  });

  it('fails as the stream does', async () => {
    const broken = new Error('broken');
    const { open } = chunks(['a'], broken);
    const told = listen(fromReadableStream(open));
    await turn();
    expect(told.values).toEqual(['a']);
    expect(told.error).toBe(broken);
  });

  it('raises a TypeError for a stream that somebody else reads', async () => {
    const { open } = chunks(['a']);
    const stream = open();
    stream.getReader();
    const told = listen(fromReadableStream(() => stream));
    await turn();
    expect(told.error).toBeInstanceOf(TypeError);
  });

  it('survives a `cancel` that fails', async () => {
    const stream = () => new ReadableStream<string>({ pull: () => forever, cancel: () => Promise.reject(new Error('of cancel')) });
    const told = listen(fromReadableStream(stream));
    await turn();
    told.subscription.unsubscribe();
    await turn();
    expect(told.ends).toBe(0);
  });
});
