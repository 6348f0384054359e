import { parseArgs } from 'node:util';
import { keyOf, type ProviderName, providerName, providerNames, providers, providerWithKey } from './providers.ts';

/** What the command line asks for. */
export interface Arguments {
  readonly help: boolean;
  readonly plain: boolean;
  readonly json: boolean;
  readonly provider: ProviderName;
  readonly apiKey: string;
  readonly baseURL: string | undefined;
  readonly model: string;
  readonly system: string | undefined;
  /** `undefined`: it is read from stdin. */
  readonly prompt: string | undefined;
}

export const usage = `Streams an answer, and shows what happens on the way.

  steadystream "Why is the sky blue?"
  steadystream --provider anthropic --model claude-sonnet-4-5 "Why is the sky blue?" > answer.txt
  git diff | steadystream --system "Write a commit message for this diff."

Options
  --provider <name>   ${providerNames.join(', ')}; else the first whose key is set
  --model <name>      the model to ask; else ${Object.entries(providers)
    .slice(0, 4)
    .map(([, { model }]) => model)
    .join(', ')}
  --base-url <url>    another server that speaks the provider's format
  --system <text>     what the model is told before the prompt
  --json              the events of the stream on stdout, one JSON object a line, instead of the text
  --plain             line by line; the default where stderr is no terminal
  --help, -h          this text

The key is taken from ${[...new Set(Object.values(providers).map(({ keyVariable }) => keyVariable))].join(', ')}.
Retries and deadlines are set by STEADYSTREAM_MAX_ATTEMPTS, STEADYSTREAM_TIMEOUT_IDLE and the like: see configFromEnv.

The prompt is read from stdin where none is given. The answer goes to stdout, all else to stderr. Ctrl-C stops the provider and keeps what was said.

Exit status
  0    the answer is complete
  1    it failed before a word was said
  2    the command line is wrong, or a key is missing
  3    it broke off: stdout holds a part of it
  130  it was interrupted: stdout holds what was said until then
`;

/** @throws Error whose message names the argument, or the variable, that is wrong or missing. */
export function readArguments(words: readonly string[], environment: NodeJS.ProcessEnv, isPiped: boolean): Arguments | 'help' {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      provider: { type: 'string' },
      model: { type: 'string' },
      'base-url': { type: 'string' },
      system: { type: 'string' },
      json: { type: 'boolean', default: false },
      plain: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  const { help, plain, json, system, 'base-url': baseURL } = values;
  if (help) return 'help';
  const prompt = positionals.join(' ').trim() || undefined;
  if (prompt === undefined && !isPiped) throw new Error('the prompt is missing: put it last, in quotes, or pipe it in');
  if (baseURL !== undefined && !URL.canParse(baseURL)) throw new Error(`--base-url must be an absolute URL, got "${baseURL}"`);
  const provider = values.provider === undefined ? providerWithKey(environment) : providerName(values.provider);
  const model = values.model ?? providers[provider].model;
  if (!model) throw new Error('--model is empty: it names the model to ask');
  return { help, plain, json, provider, apiKey: keyOf(provider, environment), baseURL, model, system, prompt };
}
