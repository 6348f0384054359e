import { concat, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { currentFlowGate } from '../../src/core/flow-gate.ts';
import { createClient, type StreamRequest, textDeltas, toReadableStream } from '../../src/index.ts';
import { failure, fakeProvider, finish, text } from '../../src/testing/index.ts';
import { firehose, Tap } from './helpers.ts';

const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

async function read<T>(stream: ReadableStream<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of stream as unknown as AsyncIterable<T>) values.push(value);
  return values;
}

describe('toReadableStream', () => {
  it.each([
    [{ maxItems: 0 }, 'maxItems'],
    [{ highWaterMark: 5 }, 'highWaterMark'],
  ])('throws a TypeError for %j', (config, field) => {
    expect(() => toReadableStream(of(1), config as never)).toThrow(TypeError);
    expect(() => toReadableStream(of(1), config as never)).toThrow(field);
  });

  it('reads to the end, and subscribes only at the first read', async () => {
    const source = new Tap(of(1, 2, 3));
    const stream = toReadableStream(source.stream);
    await turn();
    expect(source.subscribed).toBe(0);
    expect(await read(stream)).toEqual([1, 2, 3]);
    expect(source).toMatchObject({ subscribed: 1, torn: 1 });
  });

  it('delivers what was held before an error, and then the error itself', async () => {
    const error = failure('interrupted');
    const reader = toReadableStream(
      concat(
        of(1, 2),
        throwError(() => error),
      ),
    ).getReader();
    expect(await reader.read()).toEqual({ done: false, value: 1 });
    expect(await reader.read()).toEqual({ done: false, value: 2 });
    await expect(reader.read()).rejects.toBe(error);
  });

  it('unsubscribes when it is cancelled, before and after the first read', async () => {
    const source = new Tap(concat(of(1), NEVER));
    await toReadableStream(source.stream).cancel();
    expect(source.subscribed).toBe(0);
    const reader = toReadableStream(source.stream).getReader();
    await reader.read();
    const pending = reader.read();
    await reader.cancel('enough');
    expect(await pending).toMatchObject({ done: true });
    expect(source.running).toBe(0);
  });

  it('pauses a source that can pause for a slow reader', async () => {
    let emitted = 0;
    const source = new Observable<number>((subscriber) => {
      const gate = currentFlowGate();
      if (gate) gate.taken = true;
      const run = (): void => {
        while (!subscriber.closed && gate?.open !== false && emitted < 1_000) subscriber.next(emitted++);
        if (emitted === 1_000) subscriber.complete();
      };
      if (gate) subscriber.add(gate.onReopen(run));
      run();
    });
    const stream = toReadableStream(source, { maxItems: 10 });
    const reader = stream.getReader();
    await reader.read();
    await turn();
    expect(emitted).toBeLessThanOrEqual(12);
    reader.releaseLock();
    expect(await read(stream)).toHaveLength(999);
  });

  it('fails a reader whose source cannot pause and overflows', async () => {
    const source = firehose((index) => index);
    await expect(read(toReadableStream(source.stream, { maxItems: 10 }))).rejects.toMatchObject({ category: 'buffer-overflow' });
    expect(source.running).toBe(0);
  });

  it('can be teed, and piped', async () => {
    const [left, right] = toReadableStream(of('Hel', 'lo')).tee();
    expect(await Promise.all([read(left), read(right)])).toEqual([
      ['Hel', 'lo'],
      ['Hel', 'lo'],
    ]);
    const bytes = toReadableStream(of('Hel', 'lo')).pipeThrough(new TextEncoderStream());
    expect(await new Response(bytes as never).text()).toBe('Hello');
  });

  it('carries a client’s text to a `Response`, and aborts it when that is left', async () => {
    const body = () => {
      const provider = fakeProvider([text('Hel'), text('lo'), finish()]);
      return toReadableStream(createClient({ provider }).stream(request).pipe(textDeltas())).pipeThrough(new TextEncoderStream());
    };
    expect(await new Response(body() as never).text()).toBe('Hello');
    const source = new Tap(concat(of(text('Hel')), NEVER));
    const left = toReadableStream(
      createClient({ provider: fakeProvider(source.stream) })
        .stream(request)
        .pipe(textDeltas()),
    );
    const reader = left.getReader();
    await reader.read();
    await reader.cancel();
    await turn();
    expect(source.running).toBe(0);
  });

  it('makes no unhandled rejection of an error that nobody reads', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const source = new Subject<number>();
    const reader = toReadableStream(source).getReader();
    const first = reader.read();
    await turn();
    source.next(1);
    await first;
    source.error(failure('network'));
    await turn();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
