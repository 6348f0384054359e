import { setTimeout as sleep } from 'node:timers/promises';
import { count, firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { textDeltas, toAsyncIterable } from '../../src/index.ts';
import { clientOf, expectAborted, request, serve, wires, within } from './support.ts';

const MiB = 1024 * 1024;
const patient = { timeout: { total: 60_000, idle: 20_000 } };

/** Until the server can send no more: its count stands still. */
async function standstill(bytesSent: () => number): Promise<number> {
  for (let last = -1; ; await sleep(150)) {
    const sent = bytesSent();
    if (sent === last) return sent;
    last = sent;
  }
}

describe.each(wires)('%s', (wire) => {
  it('a slow for await consumer slows the server: TCP back-pressure reaches it', async () => {
    const server = await serve({ text: ['x'.repeat(400)], repeat: 1_000_000, split: 65_536 });
    const iterator = toAsyncIterable(clientOf(wire, server.url, patient).stream(request).pipe(textDeltas()));
    for (let read = 0; read < 10; read++) expect((await iterator.next()).done).toBe(false);
    const [recorded] = server.requests;
    const sent = await within(
      standstill(() => recorded?.bytesSent ?? 0),
      'the server was not slowed',
    );
    expect(sent).toBeLessThan(24 * MiB);
    // And goes on, once it is read again.
    const goesOn = async (): Promise<void> => {
      while ((recorded?.bytesSent ?? 0) < sent + MiB) await iterator.next();
    };
    await within(goesOn(), 'the server did not go on');
    await iterator.return?.();
    await expectAborted(recorded);
  });

  it('what waits for a slow consumer is bounded in bytes too, not in items alone', async () => {
    const server = await serve({ text: ['x'.repeat(500_000)], repeat: 2_000, split: 65_536 });
    const iterator = toAsyncIterable(clientOf(wire, server.url, patient).stream(request).pipe(textDeltas()));
    await iterator.next();
    const [recorded] = server.requests;
    const sent = await within(
      standstill(() => recorded?.bytesSent ?? 0),
      'the server was not slowed',
    );
    // 1 MiB is the ring’s limit; the rest is the operating system’s and fetch’s.
    expect(sent).toBeLessThan(24 * MiB);
    await iterator.return?.();
    await expectAborted(recorded);
  });

  it('a consumer that pauses does not make the provider idle', async () => {
    const server = await serve({ text: ['x'.repeat(400)], repeat: 25_000, split: 65_536 });
    const client = clientOf(wire, server.url, { timeout: { idle: 150, total: 60_000 } });
    const iterator = toAsyncIterable(client.stream(request).pipe(textDeltas()));
    await iterator.next();
    await sleep(500);
    let texts = 1;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) texts++;
    expect(texts).toBe(25_000);
  });

  it('an answer of 200 MB, read synchronously, leaves nothing on the heap, and arrives whole', async () => {
    const repeat = wire === 'openai' ? 45_000 : 47_000;
    const server = await serve({ text: ['x'.repeat(4_200)], repeat, split: 262_144 });
    globalThis.gc?.();
    const before = process.memoryUsage();
    let highest = 0;
    let characters = 0;
    const watched = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage().heapUsed);
    }, 50);
    const deltas = await within(
      new Promise<number>((resolve, reject) => {
        let seen = 0;
        clientOf(wire, server.url, patient)
          .stream(request)
          .pipe(textDeltas())
          .subscribe({
            next: (text) => {
              seen++;
              characters += text.length;
            },
            error: reject,
            complete: () => resolve(seen),
          });
      }),
      'the answer did not end',
    ).finally(() => clearInterval(watched));
    expect(deltas).toBe(repeat);
    expect(characters).toBe(repeat * 4_200);
    expect(server.requests[0]?.bytesSent).toBeGreaterThan(190 * 1_000_000);
    expect(highest - before.heapUsed).toBeLessThan(150 * MiB);
  });

  it('a firehose starves no timer', async () => {
    const server = await serve({ text: 'x', repeat: 150_000, split: 262_144 });
    let ticks = 0;
    let longest = 0;
    let last = performance.now();
    const ticking = setInterval(() => {
      ticks++;
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const deltas = await within(firstValueFrom(clientOf(wire, server.url, patient).stream(request).pipe(textDeltas(), count())));
    clearInterval(ticking);
    expect(deltas).toBe(150_000);
    expect(ticks).toBeGreaterThan(5);
    expect(longest).toBeLessThan(500);
  });

  it('a partial of more than 4 Mi characters is cut and says so', async () => {
    const server = await serve({ text: ['x'.repeat(99_999), 'y'], repeat: 60, after: 118, fault: 'reset', split: 262_144 });
    const error = await within(
      new Promise<unknown>((resolve, reject) => {
        clientOf(wire, server.url, patient)
          .stream(request)
          .subscribe({ error: resolve, complete: () => reject(new Error('completed')) });
      }),
    );
    const { partial } = error as { partial?: { text: string; truncated?: true } };
    expect(partial?.truncated).toBe(true);
    expect(partial?.text.length).toBeLessThan(5 * MiB);
    expect(partial?.text.length).toBeGreaterThan(3 * MiB);
    expect(partial?.text.endsWith('y')).toBe(true);
  });
});
