/**
 * `useChat` of the AI SDK over sessions: answers that go on when the page is left, and stop when they are stopped.
 *
 *     npx tsx examples/use-chat/main.ts
 *     OPENAI_API_KEY=... OPENAI_BASE_URL=https://api.openai.com/v1 MODEL=gpt-4o-mini npx tsx examples/use-chat/main.ts
 *
 * Without a key the provider is one on this machine. Ask it for the weather, or to fail.
 */
import { createClient, openai } from 'steadystream';
import { startProvider } from './provider.ts';
import { startUseChat } from './server.ts';

const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL, MODEL: model = 'gpt-4o-mini', PORT: port = '0' } = process.env;
const provider = apiKey === undefined ? await startProvider() : undefined;
const baseURL = provider?.url ?? OPENAI_BASE_URL ?? 'https://api.openai.com/v1';
const client = createClient({ provider: openai({ baseURL, apiKey: apiKey ?? 'none' }) });
const { url, close } = await startUseChat({ client, model, port: Number(port) });
console.log(`Open ${url}`);

process.once('SIGINT', async () => {
  await close();
  await provider?.close();
});
