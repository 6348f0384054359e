import { asyncScheduler, concat, from, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { currentFlowGate } from '../../src/core/flow-gate.ts';
import { type EventLike, ProviderError } from '../../src/index.ts';
import { toEventStreamResponse } from '../../src/relay/event-stream-response.ts';
import { messagesIn, readText } from './support.ts';

const delta = (text: string, cursor?: string) => ({ type: 'text-delta', id: '0', text, ...(cursor !== undefined && { cursor }) });

const events = (...each: readonly EventLike[]) => from(each);

/** What a reader has been given after so many reads, which all succeed. */
async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { done, value } = await reader.read();
  return done ? 'done' : new TextDecoder().decode(value);
}

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  return (response.body as ReadableStream<Uint8Array>).getReader();
}

/** Lets promises have their turn. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

describe('a stream of events as a response', () => {
  it('is server-sent events that nobody on the way shall keep, compress or hold back', () => {
    const response = toEventStreamResponse(NEVER, { location: '/chat/1', status: 201, headers: { 'x-mine': 'yes' } });
    expect(response.status).toBe(201);
    expect(Object.fromEntries(response.headers)).toEqual({
      'access-control-expose-headers': 'location',
      'cache-control': 'no-cache, no-transform',
      'content-type': 'text/event-stream; charset=utf-8',
      location: '/chat/1',
      'x-accel-buffering': 'no',
      'x-mine': 'yes',
    });
  });

  it('names each event by its cursor, keeps its type inside the data, and says where it ends', async () => {
    const text = await readText(toEventStreamResponse(events({ type: 'start' }, delta('Hel', 'c1'), delta('lo', 'c2'))));
    expect(text).toBe(
      [
        ':',
        'data: {"type":"start"}',
        'id: c1\ndata: {"type":"text-delta","id":"0","text":"Hel"}',
        'id: c2\ndata: {"type":"text-delta","id":"0","text":"lo"}',
        'id: c2.end\ndata: {"type":"end"}',
        '',
      ].join('\n\n'),
    );
  });

  it('tells of a failure what an end user may read, then that it is the end', async () => {
    const error = new ProviderError({ category: 'rate-limit', provider: 'acme', detail: 'org-123 is over its quota', retryAfterMs: 2_000 });
    const messages = messagesIn(
      await readText(
        toEventStreamResponse(
          concat(
            of(delta('Hel')),
            throwError(() => error),
          ),
        ),
      ),
    );
    expect(messages.map(({ data }) => data)).toEqual([delta('Hel'), { type: 'error', error: error.toPublic() }, { type: 'end' }]);
  });

  it('holds no secret, wherever an event carries an error or something else that only the server may know', async () => {
    const secret = 'sk-live-abcdefghijklmnop';
    const error = new ProviderError({ category: 'overloaded', provider: 'acme', detail: `Bearer ${secret}`, cause: new Error(secret) });
    const foreign = Object.assign(new TypeError(secret), { key: secret });
    const text = await readText(
      toEventStreamResponse(
        concat(
          events(
            { type: 'retry', requestId: 'r', attempt: 1, delayMs: 1, error } as EventLike,
            { type: 'restart', requestId: 'r', attempt: 2, provider: 'p', model: 'm', error } as EventLike,
            { type: 'mine', nested: { error: foreign } } as EventLike,
            { type: 'raw', data: secret } as EventLike,
            { type: 'rate-limits', limits: [] } as EventLike,
          ),
          throwError(() => foreign),
        ),
      ),
    );
    expect(text).not.toContain(secret);
    expect(text).not.toContain('Bearer');
    expect(messagesIn(text).map(({ data }) => data.type)).toEqual(['retry', 'restart', 'mine', 'error', 'end']);
    expect(messagesIn(text)[0]?.data.error).toEqual(error.toPublic());
  });

  it('keeps half an emoji until the other half comes, under one cursor (lone-surrogate-in-a-stored-event)', async () => {
    const text = await readText(toEventStreamResponse(of(delta('Go \ud83d', 'c1'), delta('\ude80 now', 'c2'))));
    expect(messagesIn(text)[0]).toEqual({ id: 'c2', data: delta('Go 🚀 now') });
    expect(text).not.toContain('\\ud');
    expect(text).not.toContain('\ufffd');
  });

  it('replaces half an emoji that stays alone', async () => {
    const events$ = events(delta('Go \ud83d'), { type: 'mine', text: 'a\\ud83d \ud83d\ud83d \ude80' } as EventLike, delta('\ud83d'));
    const texts = messagesIn(await readText(toEventStreamResponse(events$))).map(({ data }) => data.text);
    expect(texts).toEqual(['Go \ufffd', 'a\\ud83d \ufffd\ufffd \ufffd', '\ufffd', undefined]);
  });

  it('fails as a protocol error for an event that JSON cannot hold', async () => {
    const messages = messagesIn(await readText(toEventStreamResponse(of({ type: 'mine', value: 1n } as EventLike, delta('x')))));
    expect(messages.map(({ data }) => [data.type, (data.error as { category: string } | undefined)?.category])).toEqual([
      ['error', 'protocol'],
      ['end', undefined],
    ]);
  });

  it('leaves a cursor out that no id can hold', async () => {
    const [first] = messagesIn(await readText(toEventStreamResponse(of(delta('x', 'a\ndata: injected')))));
    expect(first).toEqual({ id: undefined, data: delta('x') });
  });

  it('leaves a cursor out that would be taken for the end, and its text with it', async () => {
    const text = await readText(toEventStreamResponse(events(delta('one', 'c1'), delta('two', 'c2.end'))));
    expect(messagesIn(text).map(({ id }) => id)).toEqual(['c1', undefined, 'c1.end']);
  });

  it('asks for nothing before it is read, and stops its source when it is cancelled', async () => {
    let subscriptions = 0;
    let teardowns = 0;
    const source$ = new Observable<EventLike>((subscriber) => {
      subscriptions++;
      subscriber.next(delta('Hel'));
      return () => {
        teardowns++;
      };
    });
    const response = toEventStreamResponse(source$);
    await settle();
    expect(subscriptions).toBe(0);
    const reader = readerOf(response);
    expect(await read(reader)).toContain('Hel');
    expect(subscriptions).toBe(1);
    await reader.cancel();
    expect(teardowns).toBe(1);
  });

  it('gives a reader at once what has come since it read last', async () => {
    const source$ = new Subject<EventLike>();
    const reader = readerOf(toEventStreamResponse(source$));
    expect(await read(reader)).toBe(':\n\n');
    for (const text of ['a', 'b', 'c']) source$.next(delta(text));
    expect(messagesIn(await read(reader))).toHaveLength(3);
    const waiting = read(reader);
    source$.next(delta('d'));
    expect(messagesIn(await waiting)).toHaveLength(1);
  });

  it.each([{ heartbeat: 0 }, { maxBufferedBytes: 0 }, { status: 404 }, { location: 1 }, { beat: 1 }])('refuses %o', (options) => {
    const [name] = Object.keys(options);
    expect(() => toEventStreamResponse(NEVER, options as never)).toThrow(new RegExp(`^toEventStreamResponse: ${name} `));
  });
});

describe('a reader that is too slow', () => {
  const text = 'x'.repeat(1_000);

  it('is sent away without the end marker, with what it has waited for, where it can come back with its cursor', async () => {
    const source$ = new Subject<EventLike>();
    const reader = readerOf(toEventStreamResponse(source$, { maxBufferedBytes: 10_000 }));
    await read(reader);
    let events = 0;
    while (source$.observed && events < 100) source$.next(delta(text, `c${++events}`));
    expect(events).toBe(5);
    expect(messagesIn(await read(reader)).map(({ id }) => id)).toEqual(['c1', 'c2', 'c3', 'c4', 'c5']);
    expect(await read(reader)).toBe('done');
  });

  it('is not who is given one event that is larger than what may wait', async () => {
    const source$ = new Subject<EventLike>();
    const reader = readerOf(toEventStreamResponse(source$, { maxBufferedBytes: 10_000 }));
    await read(reader);
    source$.next(delta('x'.repeat(20_000)));
    expect(source$.observed).toBe(true);
    expect(messagesIn(await read(reader))).toHaveLength(1);
  });

  it('is told so where it cannot', async () => {
    const source$ = new Subject<EventLike>();
    const reader = readerOf(toEventStreamResponse(source$, { maxBufferedBytes: 10_000 }));
    await read(reader);
    while (source$.observed) source$.next(delta(text));
    const [failure, end] = messagesIn(await read(reader));
    expect(failure?.data).toMatchObject({ type: 'error', error: { category: 'buffer-overflow' } });
    expect(end?.data).toEqual({ type: 'end' });
  });

  it('pauses a source that can pause, and lets it go on', async () => {
    let gate: ReturnType<typeof currentFlowGate>;
    const source$ = new Subject<EventLike>();
    const pausing$ = new Observable<EventLike>((subscriber) => {
      gate = currentFlowGate();
      if (gate) gate.taken = true;
      return source$.subscribe(subscriber);
    });
    const reader = readerOf(toEventStreamResponse(pausing$, { maxBufferedBytes: 10_000 }));
    await read(reader);
    let events = 0;
    while (gate?.open && events < 100) source$.next(delta(text, `c${++events}`));
    expect(events).toBe(2);
    expect(messagesIn(await read(reader))).toHaveLength(2);
    expect(gate?.open).toBe(true);
    source$.complete();
    expect(messagesIn(await read(reader))).toHaveLength(1);
    expect(await read(reader)).toBe('done');
  });
});

describe('in time, a stream of events', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const later = async (ms: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(ms);
  };

  it('shows that it lives, before the first event too, and only where nothing else does', async () => {
    const source$ = new Subject<EventLike>();
    const reader = readerOf(toEventStreamResponse(source$, { heartbeat: 1_000 }));
    const seen: string[] = [];
    void (async () => {
      for (;;) seen.push(await read(reader));
    })();
    await later(2_100);
    expect(seen).toEqual([':\n\n', ':\n\n', ':\n\n']);
    await later(700);
    source$.next(delta('x'));
    await later(900);
    expect(seen).toHaveLength(4);
    await later(200);
    expect(seen).toHaveLength(5);
    expect(asyncScheduler.now()).toBe(Date.now());
  });

  it('is served for five minutes, so that its reader is asked again who it is; but to the end where it cannot come back', async () => {
    const ends = new Map<string, boolean>();
    for (const [name, location] of [
      ['kept', '/chat/1'],
      ['fleeting', undefined],
    ] as const) {
      const reader = readerOf(toEventStreamResponse(new Subject<EventLike>(), { location }));
      void (async () => {
        let text = '';
        while (text !== 'done') {
          text = await read(reader);
          expect(text).not.toContain('end');
        }
        ends.set(name, true);
      })();
    }
    await later(269_000);
    expect([...ends.keys()]).toEqual([]);
    await later(32_000);
    expect([...ends.keys()]).toEqual(['kept']);
    await later(600_000);
    expect([...ends.keys()]).toEqual(['kept']);
  });

  it.each([
    [() => 0, 300_000],
    [() => 1, 270_000],
    [() => Number.NaN, 300_000],
    [
      () => {
        throw new Error('no number');
      },
      285_000,
    ],
  ])('is served for a time that is spread by the numbers that it draws', async (random, maxAge) => {
    const source$ = new Subject<EventLike>();
    const reader = readerOf(toEventStreamResponse(source$, { location: '/chat/1', random }));
    await read(reader);
    await later(maxAge - 1);
    expect(source$.observed).toBe(true);
    await later(1);
    expect(source$.observed).toBe(false);
  });

  it('leaves no timer behind, however it ends', async () => {
    for (const end of ['cancel', 'complete', 'error'] as const) {
      const source$ = new Subject<EventLike>();
      const reader = readerOf(toEventStreamResponse(source$, { location: '/1' }));
      await read(reader);
      expect(vi.getTimerCount()).toBeGreaterThan(0);
      if (end === 'cancel') await reader.cancel();
      else if (end === 'complete') source$.complete();
      else source$.error(new Error('x'));
      expect(vi.getTimerCount()).toBe(0);
    }
  });
});

describe('a process that is about to end', () => {
  it('closes without the end marker, and has its readers come back one by one', async () => {
    const closing = new AbortController();
    const source$ = new Subject<EventLike>();
    const reader = readerOf(toEventStreamResponse(source$, { signal: closing.signal }));
    await read(reader);
    source$.next(delta('x', 'c1'));
    closing.abort();
    const text = await read(reader);
    expect(text).toMatch(/^id: c1\ndata: .*\n\nretry: \d{3,4}\n\n$/);
    expect(await read(reader)).toBe('done');
    expect(source$.observed).toBe(false);
  });

  it.each([
    [0, 500],
    [0.5, 2_500],
    [1, 4_500],
  ])('has its readers come back when the number says that is drawn for each: %f', async (drawn, retry) => {
    const text = await readText(toEventStreamResponse(NEVER, { signal: AbortSignal.abort(), random: () => drawn }));
    expect(text).toBe(`:\n\nretry: ${retry}\n\n`);
  });

  it('that has been told so begins nothing', async () => {
    const text = await readText(
      toEventStreamResponse(
        throwError(() => new Error('subscribed')),
        { signal: AbortSignal.abort() },
      ),
    );
    expect(text).toMatch(/^:\n\nretry: \d+\n\n$/);
  });
});

describe('a failure that is not of the stream', () => {
  const away = new ProviderError({ category: 'network', phase: 'local', code: 'store-unavailable' });

  it('only closes a stream that can be read again', async () => {
    const text = await readText(
      toEventStreamResponse(
        concat(
          of(delta('x', 'c1')),
          throwError(() => away),
        ),
      ),
    );
    expect(messagesIn(text)).toEqual([{ id: 'c1', data: delta('x') }]);
  });

  it('is the end of any other', async () => {
    const text = await readText(
      toEventStreamResponse(
        concat(
          of(delta('x')),
          throwError(() => away),
        ),
      ),
    );
    expect(messagesIn(text).map(({ data }) => data.type)).toEqual(['text-delta', 'error', 'end']);
  });

  it('is what the host says it is', async () => {
    const isClosingFor = (error: unknown) => error instanceof RangeError;
    const events$ = concat(
      of(delta('x', 'c1')),
      throwError(() => new RangeError()),
    );
    expect(messagesIn(await readText(toEventStreamResponse(events$, { isClosingFor })))).toHaveLength(1);
  });
});
