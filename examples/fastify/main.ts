/**
 * A chat over Fastify: answers that outlive their readers under /api/chat, and one that is read once under /api/once.
 *
 *     npx tsx examples/fastify/main.ts
 *
 * With OPENAI_API_KEY it asks OpenAI, with OPENAI_BASE_URL whoever speaks the same; without a key, a small provider in this process rehearses.
 */
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { createClient, createRelayHandler, createSessions, openai, type StreamRequest } from 'steadystream';
import { toNodeHandler, writeEventStream } from 'steadystream/node';
import { startFaultServer } from 'steadystream/testing';

const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL, PORT = '3000' } = process.env;

const rehearsal = { text: 'Nobody has thought about this: no key is set. '.split(/(?<= )/), tokenDelay: 50 };
const provider = apiKey ? openai({ apiKey, baseURL }) : openai({ apiKey: 'none', baseURL: (await startFaultServer(rehearsal)).url });
const client = createClient({ provider });
const sessions = createSessions({ client }); // in memory: with `store: redisStore({ client: redis })`, any process reads on
const closing = new AbortController();
const relay = toNodeHandler(createRelayHandler({ sessions, requestFrom, signal: closing.signal }));

const app = fastify();

// POST starts an answer, GET /api/chat/<id> reads on behind Last-Event-ID, DELETE /api/chat/<id> ends it.
app.register(async (chat) => {
  // The relay reads bodies itself, and bounds them: here, and only here, Fastify leaves them alone.
  chat.removeAllContentTypeParsers();
  chat.addContentTypeParser('*', (_request, _body, done) => done(null));
  for (const path of ['/api/chat', '/api/chat/:id']) {
    chat.all(path, (request, reply) => {
      reply.hijack(); // from here on, the response is the relay's
      return relay(request.raw, reply.raw);
    });
  }
});

// Who leaves ends this one.
app.post('/api/once', (request, reply) => {
  reply.hijack();
  return writeEventStream(reply.raw, client.stream(requestFrom(request.body)), { signal: closing.signal });
});

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
console.log(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);

process.once('SIGTERM', async () => {
  app.server.close(); // no new connections
  await sessions.drain(); // answers come to their end, with their readers
  closing.abort(); // whoever reads on is sent away, and comes back to the next process
  process.exit();
});

/** A page says what was said, and decides neither on the model nor on the tools. Whether it is a conversation is looked at when it is started. */
function requestFrom(body: unknown): StreamRequest {
  const { messages } = { ...(body as StreamRequest) };
  return { model: 'gpt-4o-mini', messages };
}
