import { type Client, configFromEnv, createClient, type Message, type StreamEvent } from 'steadystream';
import type { Arguments } from './arguments.ts';
import { type ProviderName, providers } from './providers.ts';
import { happenings, type Run } from './run.ts';
import { headline } from './wording.ts';

/** A call to a real provider. */
export interface RealCall extends Pick<Arguments, 'apiKey' | 'baseURL' | 'model'> {
  readonly provider: ProviderName;
  readonly system?: string | undefined;
  readonly prompt: string;
}

/** The client of a real call; who operates it sets its retries and deadlines in the environment. */
export function clientFor({ provider, apiKey, baseURL }: RealCall, environment: NodeJS.ProcessEnv): Client {
  return createClient({ provider: providers[provider].make({ apiKey, baseURL }), ...configFromEnv(environment) });
}

/** A run of one call against a real provider. */
export function ask(call: RealCall, client: Client, observe?: (event: StreamEvent) => void): Run {
  const system: readonly Message[] = call.system === undefined ? [] : [{ role: 'system', content: call.system }];
  const answer$ = client.stream({ model: call.model, messages: [...system, { role: 'user', content: call.prompt }] });
  return {
    title: `${call.provider} ${call.model}`,
    about: headline(call.prompt),
    isSeries: false,
    start: (interrupt$) => happenings(client, [answer$], interrupt$, observe),
  };
}
