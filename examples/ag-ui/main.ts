/**
 * An agent that speaks AG-UI, and a client that asks it, each in a line:
 *
 *     npx tsx examples/ag-ui/main.ts "How is the weather in Zurich?"
 *     OPENAI_API_KEY=... MODEL=gpt-4o-mini npx tsx examples/ag-ui/main.ts "How is the weather in Zurich?"
 *
 * Without a key the provider is one on this machine.
 */
import { HttpAgent } from '@ag-ui/client';
import { createClient, openai } from 'steadystream';
import { ask } from './ask.ts';
import { startProvider } from './provider.ts';
import { startAgent } from './server.ts';

const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL, MODEL: model = 'gpt-4o-mini' } = process.env;
const provider = apiKey === undefined ? await startProvider() : undefined;
const baseURL = provider?.url ?? OPENAI_BASE_URL ?? 'https://api.openai.com/v1';
const { url, close } = await startAgent({ client: createClient({ provider: openai({ baseURL, apiKey: apiKey ?? 'none' }) }), model });

const question = process.argv[2] ?? 'How is the weather in Zurich?';
try {
  await ask(new HttpAgent({ url }), question, (piece) => process.stdout.write(piece));
  process.stdout.write('\n');
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}
await close();
await provider?.close();
