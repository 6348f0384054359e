/**
 * A process with a client whose breakers, cooldowns and budget are shared. Reads commands and tells what happened, a line of JSON each: `call` makes
 * a request to the server of that address, `state` tells what it would decide now. Ends with its input, by having nothing left to do.
 */
import { createInterface } from 'node:readline';
import { createClient as createRedis } from 'redis';
import { firstValueFrom } from 'rxjs';
import {
  createCircuitBreakers,
  createClient,
  createCooldowns,
  createRetryBudget,
  openai,
  type ProviderError,
  result,
} from '../../../src/index.ts';
import { shareResilience } from '../../../src/operators/share-resilience.ts';
import { redisEvidence } from '../../../src/redis/redis-evidence.ts';

const { url, prefix } = JSON.parse(process.argv[2] ?? '{}') as { readonly url: string; readonly prefix: string };
const tell = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const breakers = createCircuitBreakers({ openFor: 30_000 });
const cooldowns = createCooldowns();
const budget = createRetryBudget();
const exchange = redisEvidence({ client: createRedis({ url }), prefix });
const sharing = shareResilience({ exchange, breakers, cooldowns, budget }).subscribe(tell);
const timeout = { total: 8_000 };

async function call(baseURL: string): Promise<object> {
  const client = createClient({
    provider: openai({ apiKey: 'key', baseURL }),
    retry: { maxAttempts: 1 },
    timeout,
    breakers,
    cooldowns,
    budget,
  });
  const answer$ = client.stream({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }).pipe(result());
  try {
    return { type: 'called', text: (await firstValueFrom(answer$)).text };
  } catch (error) {
    const { category, retryAfterMs } = error as ProviderError;
    return { type: 'called', category, retryAfterMs };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as { readonly call?: string };
  if (command.call !== undefined) tell(await call(command.call));
  else tell({ type: 'state', breaker: breakers.get('openai', 'm').state, waitMs: cooldowns.get('openai', 'm').waitFor() });
}
sharing.unsubscribe();
await exchange.close();
