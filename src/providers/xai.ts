import * as z from 'zod';
import type { Provider } from '../core/provider.ts';
import { type EndpointOptions, endpointSchema } from './endpoint.ts';
import type { OpenAIPreset } from './openai-preset.ts';
import { openaiProvider } from './openai-provider.ts';

/** Options of {@link xai}. */
export interface XAIOptions extends EndpointOptions {}

const schema = z.strictObject(endpointSchema);

const preset: OpenAIPreset = {
  name: 'xai',
  baseURL: 'https://api.x.ai/v1',
  maxTokens: 'max_completion_tokens',
  reasoningEffort: {
    none: { reasoning_effort: 'none' },
    minimal: { reasoning_effort: 'low' },
    low: { reasoning_effort: 'low' },
    medium: { reasoning_effort: 'medium' },
    high: { reasoning_effort: 'high' },
  },
  ignored: ['metadata'],
};

/**
 * xAI's Grok, over its Chat Completions.
 *
 * Tokens of reasoning, which xAI counts beside the output, are part of `outputTokens` here as everywhere. The effort `minimal` is sent as `low`;
 * `metadata` is left out. `providerOptions.openai`, and those under the provider's own name, are merged into the request's body last.
 *
 * @param options `baseURL` is by default `https://api.x.ai/v1`, `name` is `xai`.
 * @throws TypeError for an option that is unknown or not of its type.
 *
 * @example
 * ```ts
 * const client = createClient({ provider: xai({ apiKey: process.env.XAI_API_KEY }) });
 * client.stream({ model: 'grok-4', messages: [{ role: 'user', content: 'Hello' }] }).pipe(textDeltas()).subscribe(console.log);
 * ```
 */
export function xai(options: XAIOptions = {}): Provider {
  const provider = openaiProvider('xai', schema, options, preset);
  return { ...provider, capabilities: { ...provider.capabilities, charactersPerToken: 4.2 } };
}
