import { memoryStore, type StreamStore } from 'steadystream';

/** In memory, streams end with the process. In Redis, another process goes on with them. */
export async function openStore(redisUrl: string | undefined): Promise<StreamStore> {
  if (!redisUrl) return memoryStore();
  // Loaded on demand: without Redis, neither needs to be installed.
  const [{ createClient }, { redisStore }] = await Promise.all([import('redis'), import('steadystream/redis')]);
  const client = createClient({ url: redisUrl });
  client.on('error', (error: Error) => console.error(`redis: ${error.message}`));
  await client.connect();
  return redisStore({ client });
}
