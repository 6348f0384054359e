import * as z from 'zod';
import type { Provider } from '../core/provider.ts';
import type { ThinkTagOptions } from '../policies/think-tags.ts';
import { type EndpointOptions, endpointSchema, nonEmpty } from './endpoint.ts';
import { type OpenAIPreset, presetSchema, thinkTagsSchema } from './openai-preset.ts';
import { openaiProvider } from './openai-provider.ts';

/** Options of {@link openai}. */
export interface OpenAIOptions extends EndpointOptions {
  /** What is particular to a server that speaks the same: one of `presets`, or your own. Default: none. */
  readonly preset?: OpenAIPreset | undefined;
  /** Sent as `openai-organization`. Default: none. */
  readonly organization?: string | undefined;
  /** Sent as `openai-project`. Default: none. */
  readonly project?: string | undefined;
  /** Whether, and how, reasoning is split out of the text. Default: the preset's, else true: at `<think>` and `</think>`, at the beginning of the text. */
  readonly thinkTags?: boolean | ThinkTagOptions | undefined;
}

const schema = z.strictObject({
  ...endpointSchema,
  preset: presetSchema.optional(),
  organization: nonEmpty().optional(),
  project: nonEmpty().optional(),
  thinkTags: thinkTagsSchema,
});

/**
 * OpenAI's Chat Completions, and with a `preset` or a `baseURL` of theirs the servers that speak the same: Azure, OpenRouter, Groq, Mistral,
 * DeepSeek, Qwen, Moonshot, Cloudflare, vLLM, Ollama, llama.cpp and others.
 *
 * Wrong options throw a `TypeError` that names the option, those of a preset too. `providerOptions.openai`, and those under the provider's own
 * name, are merged into the request's body last. `{model}` in the path of a `baseURL` is the request's model, as Azure's deployments want it.
 *
 * Reasoning does not go back to the server, but where a preset says how; what the server itself wants back of a tool call
 * (`extra_content`) or of its reasoning (`reasoning_details`) does. That the output of a tool is an error has no place here: the output says it.
 *
 * @param options `baseURL` is by default the preset's, else `https://api.openai.com/v1`; `name` is the preset's, else `openai`.
 *
 * @example
 * ```ts
 * const provider = openai({ apiKey: process.env.OPENAI_API_KEY });
 * const groq = openai({ preset: presets.groq, apiKey: process.env.GROQ_API_KEY });
 * const azure = openai({
 *   preset: presets.azure,
 *   baseURL: 'https://example.openai.azure.com/openai/deployments/{model}?api-version=2024-10-21',
 *   apiKey: key,
 * });
 * ```
 */
export function openai(options: OpenAIOptions = {}): Provider {
  return openaiProvider('openai', schema, options, options?.preset);
}
