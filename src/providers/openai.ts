import { z } from 'zod';
import type { Provider } from '../core/provider.ts';
import { describeError } from '../policies/error-description.ts';
import { Endpoint, type EndpointOptions, endpointSchema, nonEmpty } from './endpoint.ts';
import { OpenAIDecoder } from './openai-decoder.ts';
import { openaiBody } from './openai-request.ts';
import { writeBody } from './request-content.ts';

/** Options of {@link openai}. */
export interface OpenAIOptions extends EndpointOptions {
  /** Sent as `openai-organization`. Default: none. */
  readonly organization?: string | undefined;
  /** Sent as `openai-project`. Default: none. */
  readonly project?: string | undefined;
}

const schema = z.strictObject({ ...endpointSchema, organization: nonEmpty().optional(), project: nonEmpty().optional() });

/**
 * OpenAI's Chat Completions, and with a `baseURL` of theirs the servers that speak the same: Azure, xAI, OpenRouter, Groq, Mistral, DeepSeek,
 * vLLM, Ollama, llama.cpp and others.
 *
 * Wrong options throw a `TypeError` that names the option. `providerOptions.openai`, and those under the provider's own name, are
 * merged into the request's body last.
 *
 * @param options `baseURL` is by default `https://api.openai.com/v1`, `name` is `openai`.
 *
 * @example
 * ```ts
 * const provider = openai({ apiKey: process.env.OPENAI_API_KEY });
 * const local = openai({ name: 'ollama', baseURL: 'http://localhost:11434/v1' });
 * const azure = openai({
 *   name: 'azure',
 *   baseURL: 'https://example.openai.azure.com/openai/deployments/gpt-4o?api-version=2024-10-21',
 *   headers: { 'api-key': key },
 * });
 * ```
 */
export function openai(options: OpenAIOptions = {}): Provider {
  const endpoint = new Endpoint('openai', schema, options, {
    baseURL: 'https://api.openai.com/v1',
    headers: {
      ...(options?.organization && { 'openai-organization': options.organization }),
      ...(options?.project && { 'openai-project': options.project }),
    },
    headersOf: (key) => ({ authorization: `Bearer ${key}` }),
  });
  const { name, host } = endpoint;
  const official = host === 'api.openai.com' || host.endsWith('.api.openai.com');
  return {
    name,
    request: (request, context) =>
      endpoint.request(
        '/chat/completions',
        writeBody((each) => openaiBody(each, official), request, 'openai', name),
        context,
      ),
    decoder: (head) => new OpenAIDecoder(head),
    describeError,
  };
}
