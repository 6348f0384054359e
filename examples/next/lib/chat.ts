/**
 * A chat over Next: answers that outlive their readers under /api/chat, and one that is read once under /api/once. `app` and `lib` go into a project
 * of Next as they are.
 */
import { createClient, createRelayHandler, createSessions, openai, type StreamRequest } from 'steadystream';
import { startFaultServer } from 'steadystream/testing';

const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = process.env;

/** With OPENAI_API_KEY it asks OpenAI, with OPENAI_BASE_URL whoever speaks the same; without a key, a small provider in this process rehearses. */
async function open() {
  const rehearsal = { text: 'Nobody has thought about this: no key is set. '.split(/(?<= )/), tokenDelay: 50 };
  const provider = apiKey ? openai({ apiKey, baseURL }) : openai({ apiKey: 'none', baseURL: (await startFaultServer(rehearsal)).url });
  const client = createClient({ provider });
  const sessions = createSessions({ client }); // in memory: with `store: redisStore({ client: redis })`, any process reads on
  return { client, relay: createRelayHandler({ sessions, requestFrom }) };
}

// Next loads a module once for each route, and anew when it has changed: what shall be one for all of them is kept beside the modules.
const kept = globalThis as { chat?: ReturnType<typeof open> };

/** The one client of this process, with its breakers and budgets, and the relay of its one set of sessions. */
export function chat(): ReturnType<typeof open> {
  kept.chat ??= open();
  return kept.chat;
}

/** A page says what was said, and decides neither on the model nor on the tools. Whether it is a conversation is looked at when it is started. */
export function requestFrom(body: unknown): StreamRequest {
  const { messages } = { ...(body as StreamRequest) };
  return { model: 'gpt-4o-mini', messages };
}
