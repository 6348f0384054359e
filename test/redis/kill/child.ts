/** A process that produces streams until it is killed. Tells of each that it has started, a line of JSON. */
import { createClient as createRedis } from 'redis';
import { createClient, createSessions, type TakeoverPolicy } from '../../../src/index.ts';
import { redisStore } from '../../../src/redis/index.ts';
import { requestFor, type Story, teller } from './story.ts';

const { url, takeover, lease, every, stories } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly url: string;
  readonly takeover: TakeoverPolicy;
  readonly lease: number;
  readonly every: number;
  readonly stories: readonly Story[];
};
const redis = createRedis({ url });
redis.on('error', () => undefined);
await redis.connect();
const sessions = createSessions({
  client: createClient({ provider: teller(every) }),
  store: redisStore({ client: redis }),
  takeover,
  lease,
});
for (const story of stories) {
  const { id } = await sessions.start(requestFor(story));
  process.stdout.write(`${JSON.stringify({ name: story.name, id })}\n`);
}
