import { startInspector } from 'steadystream/inspector';
import { startTraffic } from './traffic.ts';

// npx tsx examples/inspector/main.ts: a client, a provider that misbehaves, and the inspector over both. Ctrl+C ends it.
const { client, breakers, cooldowns, budget, streams$, close } = await startTraffic();
const inspector = await startInspector({ client, breakers, cooldowns, budget });
const streams = streams$.subscribe();
console.log(`The inspector is at ${inspector.url}`);

process.once('SIGINT', async () => {
  streams.unsubscribe();
  await inspector.close();
  await close();
});
