/**
 * A chat over Hono on Node: answers that outlive their readers under /api/chat, and one that is read once under /api/once.
 *
 *     npx tsx examples/hono/main.ts
 *
 * With OPENAI_API_KEY it asks OpenAI, with OPENAI_BASE_URL whoever speaks the same; without a key, a small provider in this process rehearses.
 */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createClient, createRelayHandler, createSessions, openai, type StreamRequest, toEventStreamResponse } from 'steadystream';
import { startFaultServer } from 'steadystream/testing';

const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL, PORT = '3000' } = process.env;

const rehearsal = { text: 'Nobody has thought about this: no key is set. '.split(/(?<= )/), tokenDelay: 50 };
const provider = apiKey ? openai({ apiKey, baseURL }) : openai({ apiKey: 'none', baseURL: (await startFaultServer(rehearsal)).url });
const client = createClient({ provider });
const sessions = createSessions({ client }); // in memory: with `store: redisStore({ client: redis })`, any process reads on
const closing = new AbortController();
const relay = createRelayHandler({ sessions, requestFrom, signal: closing.signal });

const app = new Hono();

// POST starts an answer, GET /api/chat/<id> reads on behind Last-Event-ID, DELETE /api/chat/<id> ends it.
app.all('/api/chat/:id?', (context) => relay(context.req.raw));

// Who leaves ends this one.
app.post('/api/once', async (context) => {
  const request = requestFrom(await context.req.json());
  return toEventStreamResponse(client.stream(request), { signal: closing.signal });
});

const server = serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`);
});

process.once('SIGTERM', async () => {
  server.close(); // no new connections
  await sessions.drain(); // answers come to their end, with their readers
  closing.abort(); // whoever reads on is sent away, and comes back to the next process
  process.exit();
});

/** A page says what was said, and decides neither on the model nor on the tools. Whether it is a conversation is looked at when it is started. */
function requestFrom(body: unknown): StreamRequest {
  const { messages } = { ...(body as StreamRequest) };
  return { model: 'gpt-4o-mini', messages };
}
