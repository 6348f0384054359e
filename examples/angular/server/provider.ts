import { anthropic, type ClientConfig, openai, type Provider } from 'steadystream';
import { startFaultServer } from 'steadystream/testing';
import { rehearse } from './rehearsal.ts';

/** Who answers, and how long that may take. */
export interface Choice {
  readonly provider: Provider;
  readonly model: string;
  readonly timeout?: ClientConfig['timeout'];
}

/**
 * OpenAI with OPENAI_API_KEY, Anthropic with ANTHROPIC_API_KEY; with OPENAI_BASE_URL or ANTHROPIC_BASE_URL a server that speaks like them. MODEL
 * says which model. Without a key, a provider in this process rehearses.
 */
export async function chooseProvider(env: Readonly<Record<string, string | undefined>>): Promise<Choice> {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, MODEL } = env;
  if (OPENAI_API_KEY) {
    return { provider: openai({ apiKey: OPENAI_API_KEY, baseURL: OPENAI_BASE_URL }), model: MODEL ?? 'gpt-4o-mini' };
  }
  if (ANTHROPIC_API_KEY) {
    return { provider: anthropic({ apiKey: ANTHROPIC_API_KEY, baseURL: ANTHROPIC_BASE_URL }), model: MODEL ?? 'claude-haiku-4-5' };
  }
  const { url } = await startFaultServer(rehearse());
  return {
    provider: openai({ name: 'rehearsal', apiKey: 'none', baseURL: url }),
    model: MODEL ?? 'no-key-needed',
    // It is silent only on purpose.
    timeout: { firstContent: 4_000, idle: 4_000 },
  };
}
