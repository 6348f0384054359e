/**
 * A chat over Express: answers that outlive their readers under /api/chat, and one that is read once under /api/once.
 *
 *     npx tsx examples/express/main.ts
 *
 * With OPENAI_API_KEY it asks OpenAI, with OPENAI_BASE_URL whoever speaks the same; without a key, a small provider in this process rehearses.
 */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createClient, createRelayHandler, createSessions, openai, type StreamRequest } from 'steadystream';
import { toNodeHandler, writeEventStream } from 'steadystream/node';
import { startFaultServer } from 'steadystream/testing';

const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL, PORT = '3000' } = process.env;

const rehearsal = { text: 'Nobody has thought about this: no key is set. '.split(/(?<= )/), tokenDelay: 50 };
const provider = apiKey ? openai({ apiKey, baseURL }) : openai({ apiKey: 'none', baseURL: (await startFaultServer(rehearsal)).url });
const client = createClient({ provider });
const sessions = createSessions({ client }); // in memory: with `store: redisStore({ client: redis })`, any process reads on
const closing = new AbortController();

const app = express();

// POST starts an answer, GET /api/chat/<id> reads on behind Last-Event-ID, DELETE /api/chat/<id> ends it.
app.use('/api/chat', toNodeHandler(createRelayHandler({ sessions, requestFrom, signal: closing.signal })));

// Who leaves ends this one.
app.post('/api/once', express.json(), (request, response) =>
  writeEventStream(response, client.stream(requestFrom(request.body)), { signal: closing.signal }),
);

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
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
