import { setTimeout as sleep } from 'node:timers/promises';
import { firstValueFrom, map, NEVER, of, reduce, Subject, type Subscription, take, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { boundedConcatMap, textDeltas, toReadableStream } from '../../src/index.ts';
import { afterwards, clientOf, expectAborted, request, serve, wires, within } from './support.ts';

const MiB = 1024 * 1024;
const patient = { timeout: { total: 60_000, idle: 20_000 } };
/** Far more than every buffer on the way. */
const long = { text: ['x'.repeat(400)], repeat: 1_000_000, split: 65_536 };

/** Until the server can send no more: its count stands still. */
async function standstill(bytesSent: () => number): Promise<number> {
  for (let last = -1; ; await sleep(150)) {
    const sent = bytesSent();
    if (sent === last && sent > 0) return sent;
    last = sent;
  }
}

const started = (subscription: Subscription): Subscription => {
  afterwards(() => subscription.unsubscribe());
  return subscription;
};

describe.each(wires)('%s', (wire) => {
  it('slow work in boundedConcatMap slows the server down to the socket, and it goes on with the work', async () => {
    const server = await serve(long);
    const done = new Subject<void>();
    let worked = 0;
    const work = () =>
      done.pipe(
        take(1),
        map(() => ++worked),
      );
    const subscription = started(
      clientOf(wire, server.url, patient).stream(request).pipe(textDeltas(), boundedConcatMap(work)).subscribe(),
    );
    const recorded = await within(server.request(0));
    const sent = await within(
      standstill(() => recorded.bytesSent),
      'the server was not slowed',
    );
    expect(sent).toBeLessThan(24 * MiB);
    const goesOn = async (): Promise<void> => {
      while (recorded.bytesSent < sent + MiB) {
        for (let count = 0; count < 500; count++) done.next();
        await sleep(0);
      }
    };
    await within(goesOn(), 'the server did not go on');
    subscription.unsubscribe();
    await expectAborted(recorded);
  });

  it('work that never ends keeps only so much', async () => {
    const server = await serve({ ...long, text: ['x'.repeat(200_000)], repeat: 5_000 });
    let seen = 0;
    const subscription = started(
      clientOf(wire, server.url, patient)
        .stream(request)
        .pipe(
          textDeltas(),
          tap(() => seen++),
          boundedConcatMap(() => NEVER),
        )
        .subscribe(),
    );
    const recorded = await within(server.request(0));
    const sent = await within(standstill(() => recorded.bytesSent));
    expect(sent).toBeLessThan(24 * MiB);
    expect(seen).toBeLessThan(50);
    subscription.unsubscribe();
  });

  it('synchronous work loses nothing of a long answer', async () => {
    const server = await serve({ text: ['x'.repeat(400)], repeat: 5_000, split: 65_536 });
    const length = clientOf(wire, server.url, patient)
      .stream(request)
      .pipe(
        textDeltas(),
        boundedConcatMap((text) => of(text.length)),
        reduce((sum, each) => sum + each, 0),
      );
    expect(await firstValueFrom(length)).toBe(400 * 5_000);
  });

  it('asynchronous work loses nothing of a long answer', async () => {
    const server = await serve({ text: ['x'.repeat(400)], repeat: 5_000, split: 65_536 });
    const length = clientOf(wire, server.url, patient)
      .stream(request)
      .pipe(
        textDeltas(),
        boundedConcatMap(async (text) => text.length, { maxItems: 8 }),
        reduce((sum, each) => sum + each, 0),
      );
    expect(await within(firstValueFrom(length))).toBe(400 * 5_000);
  });

  it('a slow reader of toReadableStream slows the server, and reads on to the end', async () => {
    const server = await serve({ ...long, repeat: 100_000 });
    const reader = toReadableStream(clientOf(wire, server.url, patient).stream(request).pipe(textDeltas())).getReader();
    let length = 0;
    for (let count = 0; count < 10; count++) length += (await reader.read()).value?.length ?? 0;
    const [recorded] = server.requests;
    const sent = await within(
      standstill(() => recorded?.bytesSent ?? 0),
      'the server was not slowed',
    );
    expect(sent).toBeLessThan(24 * MiB);
    for (let next = await reader.read(); !next.done; next = await reader.read()) length += next.value.length;
    expect(length).toBe(400 * 100_000);
  }, 60_000);

  it('cancelling the readable stream aborts the request', async () => {
    const server = await serve(long);
    const reader = toReadableStream(clientOf(wire, server.url, patient).stream(request).pipe(textDeltas())).getReader();
    await reader.read();
    await reader.cancel();
    await expectAborted(server.requests[0]);
  });

  it('dropping never slows the server, and keeps the end', async () => {
    const server = await serve({ text: ['x'.repeat(400)], repeat: 20_000, split: 65_536 });
    let dropped = 0;
    const types = await within(
      firstValueFrom(
        clientOf(wire, server.url, patient)
          .stream(request)
          .pipe(
            boundedConcatMap(
              async ({ type }) => {
                await sleep(type === 'text-delta' ? 1 : 0);
                return type;
              },
              { overflow: 'drop-oldest', maxItems: 16, onDrop: (count) => (dropped = count) },
            ),
            reduce((all, type) => [...all, type], [] as string[]),
            take(1),
          ),
      ),
    );
    expect(types[0]).toBe('start');
    expect(types.at(-1)).toBe('finish');
    expect(dropped).toBeGreaterThan(1_000);
  });
});
