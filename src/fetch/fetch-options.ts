import * as z from 'zod';
import { type ClientConfig, type ClientSettings, clientSchema, parseClientConfig } from '../client-options.ts';
import { callback, count, parseOptions } from '../core/options.ts';
import type { Provider } from '../core/provider.ts';
import { openai } from '../providers/openai.ts';

/** What {@link resilientFetch} is made of; nothing is needed. What it shares with {@link ClientConfig} means the same. */
export interface ResilientFetchOptions
  extends Pick<ClientConfig, 'retry' | 'timeout' | 'breakers' | 'cooldowns' | 'budget' | 'classify' | 'maxRequests'> {
  /**
   * Whose format the streams are in, for servers whose paths do not tell, and under whose name the breakers, cooldowns, errors and events are
   * kept. Default: by the path of the request; the name is the provider's at its own address, and the host elsewhere.
   */
  readonly provider?: Provider | undefined;
  /** What makes the requests. Default: `globalThis.fetch`, looked up at each request. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /**
   * How much of a message is kept that comes in pieces, in characters; more is an error, `protocol`. Images come as such messages. Default:
   * 16,777,216.
   */
  readonly maxLine?: number | undefined;
  /** On whose account of the retry budget the calls go, beside the provider's. Default: nobody's. */
  readonly tenant?: string | undefined;
}

/** Every option with its default in place. */
export interface FetchSettings extends ClientSettings<never> {
  readonly fetch: typeof globalThis.fetch | undefined;
  readonly maxLine: number;
  readonly tenant: string | undefined;
  /** The one that the caller named. */
  readonly namedProvider: Provider | undefined;
  /** Until the head of an answer that is no stream: only where the caller says so, since such an answer has no head before it is whole. */
  readonly headersOfWhole: number | undefined;
}

const shared = { retry: true, timeout: true, breakers: true, cooldowns: true, budget: true, classify: true, maxRequests: true } as const;

const schema = z.strictObject({
  ...clientSchema.pick(shared).shape,
  provider: clientSchema.shape.provider.optional(),
  fetch: callback<typeof globalThis.fetch>().optional(),
  maxLine: count(1).default(16_777_216),
  tenant: z.string({ error: 'must be a string' }).optional(),
});

/** @throws TypeError that names the option. */
export function parseFetchOptions(options: ResilientFetchOptions): FetchSettings {
  const { maxLine } = parseOptions('resilientFetch', schema, options);
  const { fetch, tenant, provider: namedProvider, maxLine: _, ...rest } = options;
  const settings = parseClientConfig({ ...rest, provider: namedProvider ?? openai() });
  return { ...settings, fetch, maxLine, tenant, namedProvider, headersOfWhole: options.timeout?.headers };
}
