import { anthropic, type ClientConfig, gemini, openai, openaiResponses, xai } from 'steadystream';

interface ProviderOptions {
  readonly apiKey: string;
  readonly baseURL: string | undefined;
}

interface KnownProvider {
  readonly keyVariable: string;
  /** What is asked when nobody names a model: one that is cheap, and has been there for long. */
  readonly model: string;
  readonly make: (options: ProviderOptions) => ClientConfig['provider'];
}

/** The providers that the command knows by name, in the order in which their keys are looked for. */
export const providers = {
  openai: { keyVariable: 'OPENAI_API_KEY', model: 'gpt-4o-mini', make: openai },
  anthropic: { keyVariable: 'ANTHROPIC_API_KEY', model: 'claude-haiku-4-5', make: anthropic },
  gemini: { keyVariable: 'GEMINI_API_KEY', model: 'gemini-2.5-flash', make: gemini },
  xai: { keyVariable: 'XAI_API_KEY', model: 'grok-4', make: xai },
  'openai-responses': { keyVariable: 'OPENAI_API_KEY', model: 'gpt-4o-mini', make: openaiResponses },
} as const satisfies Record<string, KnownProvider>;

export type ProviderName = keyof typeof providers;

export const providerNames = Object.keys(providers) as readonly ProviderName[];

/** @throws Error that says which names there are. */
export function providerName(word: string): ProviderName {
  if (Object.hasOwn(providers, word)) return word as ProviderName;
  throw new Error(`--provider must be one of ${providerNames.join(', ')}, got "${word}"`);
}

/** @throws Error that says which variables are looked at. */
export function providerWithKey(environment: NodeJS.ProcessEnv): ProviderName {
  const name = providerNames.find((each) => environment[providers[each].keyVariable]);
  if (name !== undefined) return name;
  const variables = [...new Set(providerNames.map((each) => providers[each].keyVariable))].join(', ');
  throw new Error(`no key is set. Set one of ${variables}; for a server that needs none, any text will do, with --base-url.`);
}

/** @throws Error that names the variable that is not set. */
export function keyOf(name: ProviderName, environment: NodeJS.ProcessEnv): string {
  const { keyVariable } = providers[name];
  const key = environment[keyVariable];
  if (!key) throw new Error(`${keyVariable} is not set. Set it to your key (any text will do for a server that needs none).`);
  return key;
}
