import { parseArgs } from 'node:util';
import type { RealCall } from '../../src/command/ask.ts';
import { keyOf, providerName } from '../../src/command/providers.ts';
import { type ScenarioName, scenarios } from './scenarios.ts';

/** What the command line asks for. */
export interface Arguments {
  readonly help: boolean;
  readonly plain: boolean;
  readonly scenarios: readonly ScenarioName[];
  readonly real: RealCall | undefined;
}

const names = Object.keys(scenarios) as ScenarioName[];

export const usage = `Streams an answer, and shows what happens on the way.

  npm run demo                          all scenarios, against a provider that misbehaves as scripted
  npm run demo -- busy stall            some of them
  npm run demo -- --provider openai --model gpt-4o-mini "Why is the sky blue?"

Scenarios
${names.map((name) => `  ${name.padEnd(8)}${scenarios[name].about}`).join('\n')}

Options
  --provider <name>   openai, anthropic, gemini, xai; the key is taken from OPENAI_API_KEY, ANTHROPIC_API_KEY, …
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
  const name = providerName(provider);
  const prompt = positionals.join(' ').trim();
  if (!model) throw new Error('--model is missing: it names the model to ask');
  if (!prompt) throw new Error('the prompt is missing: put it last, in quotes');
  if (baseURL !== undefined && !URL.canParse(baseURL)) throw new Error(`--base-url must be an absolute URL, got "${baseURL}"`);
  return { help, plain, scenarios: [], real: { provider: name, apiKey: keyOf(name, environment), baseURL, model, prompt } };
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
