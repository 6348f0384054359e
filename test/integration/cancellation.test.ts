import { getEventListeners } from 'node:events';
import { concatMap, delay, firstValueFrom, from, of, type Subscription, switchMap, take, tap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createCircuitBreakers, type LifecycleEvent, type ProviderError, textDeltas, toAsyncIterable } from '../../src/index.ts';
import type { Answer, FaultServer } from '../../src/testing/fault-server.ts';
import { clientOf, collect, expectAborted, expectError, expectText, quiet, request, serve, textOf, wires, within } from './support.ts';

/** The moments of a call at which somebody may have had enough: the answers, and what to wait for. */
interface Moment {
  readonly when: string;
  readonly answers: readonly Answer[];
  /** Resolves when the moment has come. */
  readonly reached: (server: FaultServer, seen: Promise<string>) => Promise<unknown>;
  /** Whether a request is open then. */
  readonly isOpen: boolean;
  readonly partial?: string;
}

const moments: readonly Moment[] = [
  {
    when: 'before the headers',
    answers: [{ text: 'Hello', after: 'request', fault: 'stall' }],
    reached: (server) => server.request(0),
    isOpen: true,
  },
  {
    when: 'between headers and content',
    answers: [{ text: 'Hello', after: 0, fault: 'stall', heartbeat: 10 }],
    reached: async (server) => {
      const recorded = await server.request(0);
      while (recorded.bytesSent < 200) await quiet(5);
    },
    isOpen: true,
  },
  {
    when: 'in the middle of the text',
    answers: [{ text: ['Hel', 'lo'], after: 1, fault: 'stall' }],
    reached: (_, seen) => seen,
    isOpen: true,
    partial: 'Hel',
  },
  {
    when: 'in a wait between attempts',
    answers: [{ status: 503, headers: { 'retry-after': '5' } }],
    reached: async (server) => {
      await (await server.request(0)).ended;
      await quiet(30);
    },
    isOpen: false,
  },
  {
    when: 'in a second attempt',
    answers: [{ status: 503 }, { text: 'Hello', after: 'request', fault: 'stall' }],
    reached: (server) => server.request(1),
    isOpen: true,
  },
  {
    when: 'while the body of an error is read',
    answers: [{ status: 500, body: '{', fault: 'stall' }],
    reached: async (server) => {
      await server.request(0);
      await quiet(40);
    },
    isOpen: true,
  },
];

describe.each(wires)('%s', (wire) => {
  for (const { when, answers, reached, isOpen, partial } of moments) {
    it(`unsubscribing ${when} closes the socket, and nothing follows`, async () => {
      const server = await serve(answers);
      const breakers = createCircuitBreakers();
      const client = clientOf(wire, server.url, { breakers });
      const told: LifecycleEvent[] = [];
      const listening = client.lifecycle$.subscribe((moment) => told.push(moment));
      const after: string[] = [];
      let left = false;
      let subscription: Subscription | undefined;
      const seen = new Promise<string>((resolve) => {
        subscription = client.stream(request).subscribe({
          next: (event) => {
            if (left) after.push(event.type);
            if (event.type === 'text-delta') resolve(event.text);
          },
          error: () => after.push('error'),
          complete: () => after.push('complete'),
        });
      });
      await within(reached(server, seen));
      const { length } = server.requests;
      left = true;
      subscription?.unsubscribe();
      if (isOpen) await expectAborted(server.requests.at(-1));
      await quiet();
      expect(after).toEqual([]);
      expect(server.requests).toHaveLength(length);
      expect(breakers.get(wire, 'm-1').snapshot().pending).toBe(0);
      expect(told.at(-1)?.type).toBe('cancel');
      expect(told.filter(({ type }) => type === 'cancel')).toHaveLength(1);
      listening.unsubscribe();
    });

    it(`the caller’s signal ${when} ends the stream as cancelled, closes the socket, and nothing follows`, async () => {
      const server = await serve(answers);
      const breakers = createCircuitBreakers();
      const client = clientOf(wire, server.url, { breakers });
      const stop = new AbortController();
      let see = (_text: string): void => undefined;
      const seen = new Promise<string>((resolve) => {
        see = resolve;
      });
      const ended = collect(
        client.stream(request, { signal: stop.signal }).pipe(tap((event) => event.type === 'text-delta' && see(event.text))),
      );
      await within(reached(server, seen));
      const { length } = server.requests;
      stop.abort(new Error('the user left'));
      const ending = await ended;
      const error = expectError(ending, { category: 'cancelled', retryable: false });
      expect(error.partial?.text).toBe(partial);
      expect(error.cause).toMatchObject({ message: 'the user left' });
      expect(error.message).not.toContain('the user left');
      if (isOpen) await expectAborted(server.requests.at(-1));
      await quiet();
      expect(server.requests).toHaveLength(length);
      expect(breakers.get(wire, 'm-1').snapshot()).toMatchObject({ pending: 0, state: 'closed' });
      expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    });
  }

  it('a signal that has aborted before means no request at all', async () => {
    const server = await serve({ text: 'Hello' });
    const ending = await collect(clientOf(wire, server.url).stream(request, { signal: AbortSignal.abort('gone') }));
    expectError(ending, { category: 'cancelled', attempts: [] });
    await quiet();
    expect(server.requests).toHaveLength(0);
  });

  it('an AbortSignal.timeout of the caller’s is cancelled, not a timeout of ours', async () => {
    const server = await serve({ text: 'Hello', after: 'request', fault: 'stall' });
    const ending = await collect(clientOf(wire, server.url).stream(request, { signal: AbortSignal.timeout(100) }));
    expectError(ending, { category: 'cancelled' });
    await expectAborted(server.requests[0]);
  });

  it('a signal that is shared by many streams has no listener left after any of their ends', async () => {
    const server = await serve(
      (_, index) => [{ text: 'Hello' }, { status: 400 }, { text: ['a', 'b'], after: 1, fault: 'reset' as const }][index % 3] as Answer,
    );
    const client = clientOf(wire, server.url);
    const stop = new AbortController();
    for (let round = 0; round < 15; round++) await collect(client.stream(request, { signal: stop.signal }));
    await firstValueFrom(client.stream(request, { signal: stop.signal }));
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  it('aborting after the end changes nothing', async () => {
    const server = await serve({ text: 'Hello' });
    const stop = new AbortController();
    const ending = await collect(clientOf(wire, server.url).stream(request, { signal: stop.signal }));
    stop.abort();
    await quiet();
    expectText(ending, 'Hello');
  });

  it('aborting from inside next ends the stream there', async () => {
    const server = await serve({ text: ['Hel', 'lo', '!'], tokenDelay: 5 });
    const stop = new AbortController();
    const texts: string[] = [];
    const error = await within(
      new Promise<ProviderError>((resolve, reject) => {
        clientOf(wire, server.url)
          .stream(request, { signal: stop.signal })
          .pipe(textDeltas())
          .subscribe({ next: (text) => texts.push(text) && stop.abort(), error: resolve, complete: () => reject(new Error('completed')) });
      }),
    );
    expect(error).toMatchObject({ category: 'cancelled', partial: { text: 'Hel' } });
    expect(texts).toEqual(['Hel']);
    await expectAborted(server.requests[0]);
  });

  it('take(1) closes the socket', async () => {
    const server = await serve({ text: 'x', repeat: 100_000, tokenDelay: 5 });
    const [first] = await firstValueFrom(clientOf(wire, server.url).stream(request).pipe(textDeltas(), take(1), toArray()));
    expect(first).toBe('x');
    await expectAborted(server.requests[0]);
  });

  it('take(1) in the middle of a large chunk delivers nothing more', async () => {
    const server = await serve({ text: 'x', repeat: 10_000, split: 1_000_000, after: 'end', fault: 'stall' });
    const values = await firstValueFrom(clientOf(wire, server.url).stream(request).pipe(textDeltas(), take(1), toArray()));
    expect(values).toEqual(['x']);
    await expectAborted(server.requests[0]);
  });

  it('leaving a for await loop closes the socket', async () => {
    const server = await serve({ text: 'x', repeat: 100_000, tokenDelay: 5 });
    for await (const text of toAsyncIterable(clientOf(wire, server.url).stream(request).pipe(textDeltas()))) {
      expect(text).toBe('x');
      break;
    }
    await expectAborted(server.requests[0]);
  });

  it('a thrown error in a for await loop closes the socket', async () => {
    const server = await serve({ text: 'x', repeat: 100_000, tokenDelay: 5 });
    const reading = async (): Promise<void> => {
      for await (const _ of toAsyncIterable(clientOf(wire, server.url).stream(request))) throw new Error('enough');
    };
    await expect(reading()).rejects.toThrow('enough');
    await expectAborted(server.requests[0]);
  });

  it('a slow asynchronous consumer that leaves closes the socket', async () => {
    const server = await serve({ text: 'x', repeat: 100_000, tokenDelay: 1 });
    const slow$ = clientOf(wire, server.url)
      .stream(request)
      .pipe(
        textDeltas(),
        concatMap((text) => of(text).pipe(delay(5))),
        take(3),
      );
    await firstValueFrom(slow$.pipe(toArray()));
    await expectAborted(server.requests[0]);
  });

  it('a prompt that supersedes another ends its request at once (superseded-run-lives-on)', async () => {
    const server = await serve((recorded) => {
      const name = recorded.text.includes('prompt-a') ? 'a' : 'b';
      return { text: Array.from({ length: 20 }, (_, index) => `${name}${index} `), tokenDelay: 10 };
    });
    const breakers = createCircuitBreakers();
    const client = clientOf(wire, server.url, { breakers });
    const ask = (content: string) => client.stream({ ...request, messages: [{ role: 'user', content }] });
    const prompts$ = from(['prompt-a', 'prompt-b']).pipe(concatMap((prompt, index) => of(prompt).pipe(delay(index * 80))));
    const events = await firstValueFrom(prompts$.pipe(switchMap(ask), toArray()));
    await expectAborted(server.requests[0]);
    const lag = (server.requests[0]?.closedAt ?? Number.NaN) - (server.requests[1]?.receivedAt ?? 0);
    expect(lag).toBeLessThan(500);
    expect(textOf(events).replace(/^(a\d+ )*/, '')).toBe(Array.from({ length: 20 }, (_, index) => `b${index} `).join(''));
    expect(server.requests).toHaveLength(2);
    expect(breakers.get(wire, 'm-1').snapshot()).toMatchObject({ pending: 0, failureRatio: 0, deathRatio: 0 });
  });

  it('subscribing and leaving in the same moment leaves nothing behind', async () => {
    const server = await serve({ text: 'Hello' });
    const breakers = createCircuitBreakers();
    const client = clientOf(wire, server.url, { breakers });
    for (let round = 0; round < 20; round++) client.stream(request).subscribe().unsubscribe();
    await quiet();
    expect(server.requests.every(({ aborted }) => aborted)).toBe(true);
    expect(breakers.get(wire, 'm-1').snapshot().pending).toBe(0);
  });
});
