import { parseArgs } from 'node:util';
import { type ScenarioName, scenarios } from './scenarios.ts';

/** A call to a real provider. */
export interface RealCall {
  readonly provider: 'openai' | 'anthropic';
  readonly apiKey: string;
  readonly baseURL: string | undefined;
  readonly model: string;
  readonly prompt: string;
}

/** What the command line asks for. */
export interface Arguments {
  readonly help: boolean;
  readonly plain: boolean;
  readonly scenarios: readonly ScenarioName[];
  readonly real: RealCall | undefined;
}

const names = Object.keys(scenarios) as ScenarioName[];
const keyVariables = { openai: 'OPENAI_API_KEY', anthropic: 'ANTHROPIC_API_KEY' } as const;

export const usage = `Streams an answer, and shows what happens on the way.

  npm run demo                          all scenarios, against a provider that misbehaves as scripted
  npm run demo -- busy stall            some of them
  npm run demo -- --provider openai --model gpt-4o-mini "Why is the sky blue?"

Scenarios
${names.map((name) => `  ${name.padEnd(8)}${scenarios[name].about}`).join('\n')}

Options
  --provider <name>   openai or anthropic; the key is taken from OPENAI_API_KEY or ANTHROPIC_API_KEY
  --model <name>      the model to ask
  --base-url <url>    another server that speaks the provider's format
  --plain             line by line; the default where stderr is no terminal
  --help              this text

The answers go to stdout, all else to stderr: npm run --silent demo -- clean > answer.txt
`;

/** @throws Error whose message names the argument, or the variable, that is wrong or missing. */
export function readArguments(words: readonly string[], environment: NodeJS.ProcessEnv): Arguments {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      provider: { type: 'string' },
      model: { type: 'string' },
      'base-url': { type: 'string' },
      plain: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  const { help, plain, provider, model, 'base-url': baseURL } = values;
  if (help) return { help, plain, scenarios: [], real: undefined };
  if (provider === undefined) {
    if (model !== undefined) throw new Error('--model needs --provider openai or --provider anthropic');
    if (baseURL !== undefined) throw new Error('--base-url needs --provider openai or --provider anthropic');
    return { help, plain, scenarios: readScenarios(positionals), real: undefined };
  }
  if (provider !== 'openai' && provider !== 'anthropic') throw new Error(`--provider must be openai or anthropic, got "${provider}"`);
  const prompt = positionals.join(' ').trim();
  if (!model) throw new Error('--model is missing: it names the model to ask');
  if (!prompt) throw new Error('the prompt is missing: put it last, in quotes');
  if (baseURL !== undefined && !URL.canParse(baseURL)) throw new Error(`--base-url must be an absolute URL, got "${baseURL}"`);
  const variable = keyVariables[provider];
  const apiKey = environment[variable];
  if (!apiKey) throw new Error(`${variable} is not set. Set it to your key (any text will do for a server that needs none).`);
  return { help, plain, scenarios: [], real: { provider, apiKey, baseURL, model, prompt } };
}

function readScenarios(words: readonly string[]): readonly ScenarioName[] {
  for (const word of words) {
    if (!isScenario(word)) throw new Error(`there is no scenario "${word}"; there are ${names.join(', ')}`);
  }
  return words.length > 0 ? words.filter(isScenario) : names;
}

function isScenario(word: string): word is ScenarioName {
  return Object.hasOwn(scenarios, word);
}
