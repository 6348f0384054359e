import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient as createRedis } from 'redis';
import { lastValueFrom, of, tap } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient, createRelayHandler, createSessions, relay, result, type StreamEvent, type TakeoverPolicy } from '../../src/index.ts';
import { toNodeHandler } from '../../src/node/index.ts';
import { redisStore } from '../../src/redis/index.ts';
import { requestFor, type Story, teller, textOf } from './kill/story.ts';
import { describeWithRedis, RedisServer } from './redis-server.ts';

describeWithRedis('a page that reads through a relay over Redis', () => {
  let redis: RedisServer;
  const clients: { destroy(): void }[] = [];
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await redis?.stop();
  });

  /** A process of its own, as far as sessions are concerned. */
  async function serve(port: number, takeover: TakeoverPolicy) {
    const client = createRedis({ url: redis.url });
    clients.push(client);
    client.on('error', () => undefined);
    await client.connect();
    const store = redisStore({ client });
    const sessions = createSessions({ client: createClient({ provider: teller(10) }), store, takeover, lease: 1_000 });
    const handler = toNodeHandler(createRelayHandler({ sessions, heartbeat: 200 }));
    const server: Server = createServer(handler);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return {
      port: (server.address() as AddressInfo).port,
      stop: async () => {
        server.closeAllConnections();
        server.close();
        await sessions.drain({ deadline: 0 });
        await store.close();
      },
    };
  }

  it.each(['resume', 'continue', 'restart'] as const)(
    'sees the exact text, though the server is replaced in mid-answer (%s)',
    async (takeover) => {
      const story: Story = { name: `relayed-${takeover}`, words: 120 };
      const first = await serve(0, takeover);
      const client = createClient({
        provider: relay({ url: `http://127.0.0.1:${first.port}/chat`, heartbeat: 200 }),
        retry: { initialDelay: 50, maxDelay: 200 },
      });
      const seen: StreamEvent[] = [];
      const reading = lastValueFrom(client.stream(requestFor(story)).pipe(tap((event) => seen.push(event))));
      await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(30);
      await first.stop();
      const second = await serve(first.port, takeover);
      await reading;
      expect((await lastValueFrom(of(...seen).pipe(result()))).text).toBe(textOf(story));
      expect(seen.filter(({ type }) => type === 'start')).toHaveLength(1);
      const announced = takeover === 'continue' ? 'seam' : takeover;
      expect(seen.filter(({ type }) => type === announced)).toHaveLength(takeover === 'resume' ? 0 : 1);
      await second.stop();
    },
  );
});
