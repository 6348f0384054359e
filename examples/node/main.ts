/**
 * A relay server: answers are generated here, where the keys are, and read by pages that may come and go.
 *
 *     npx tsx examples/node/main.ts
 *
 * Variables: PORT, HOST, REDIS_URL, and those in provider.ts.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, createRelayHandler, createSessions } from 'steadystream';
import { toNodeHandler } from 'steadystream/node';
import { chooseProvider } from './provider.ts';
import { requestFor } from './request.ts';
import { serveFiles } from './static-files.ts';
import { openStore } from './store.ts';

const { PORT = '8080', HOST = '127.0.0.1', REDIS_URL } = process.env;

const { provider, model, timeout } = await chooseProvider(process.env);
const client = createClient({ provider, timeout });
const sessions = createSessions({ client, store: await openStore(REDIS_URL), takeover: 'continue' });

const closing = new AbortController();
const relay = toNodeHandler(
  createRelayHandler({
    sessions,
    requestFrom: requestFor(model),
    maxBody: 262_144,
    signal: closing.signal,
    // authorize: async (request) => ({ tenant: await userOf(request) }), as soon as there are users: see docs/relay.md.
  }),
);
const files = serveFiles();

const server = createServer((request, response) => {
  if (request.url?.startsWith('/api/chat')) answer(request, response);
  else if (request.url === '/api/model') response.end(JSON.stringify({ provider: provider.name, model }));
  else files(request, response);
});

const answering = new Set<Promise<void>>();
function answer(request: IncomingMessage, response: ServerResponse): void {
  const answered = relay(request, response).finally(() => answering.delete(answered));
  answering.add(answered);
}

server.listen(Number(PORT), HOST, () => {
  console.log(`http://${HOST}:${PORT} answers with ${provider.name} ${model}, streams are kept in ${REDIS_URL ? 'Redis' : 'memory'}`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, shutDown);

/** A second signal ends the process at once. */
async function shutDown(): Promise<void> {
  server.close();
  // Answers come to their end, or are given to another process. Who reads one here reads it until then.
  await sessions.drain();
  await Promise.race([Promise.all(answering), delay(2_000)]);
  closing.abort();
  process.exit();
}
