/** Produces streams at an even pace; each text says when it was said. */
import { createClient as createRedis } from 'redis';
import { interval, map, take } from 'rxjs';
import { createClient, createSessions, type Provider, type ProviderEvent } from '../../src/index.ts';
import { redisStore } from '../../src/redis/index.ts';
import { fakeProvider, finish, text } from '../../src/testing/index.ts';

const { url, streams, every, events } = JSON.parse(process.argv[2] ?? '{}') as Record<'streams' | 'every' | 'events', number> & {
  readonly url: string;
};
const now = (): number => performance.timeOrigin + performance.now();

function timed(): Provider {
  const saying$ = interval(every).pipe(
    take(events),
    map((index): ProviderEvent => (index < events - 1 ? text(`${now()} `) : finish())),
  );
  return fakeProvider<never>(saying$);
}

const redis = createRedis({ url });
redis.on('error', () => undefined);
await redis.connect();
const store = redisStore({ client: redis });
for (let stream = 0; stream < streams; stream++) {
  const sessions = createSessions({ client: createClient({ provider: timed() }), store });
  const { id } = await sessions.start({ model: 'm', messages: [{ role: 'user', content: 'Say the time' }] });
  process.stdout.write(`${id}\n`);
  // Not all in one moment.
  await new Promise((resolve) => setTimeout(resolve, every / streams));
}
