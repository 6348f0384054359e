import * as z from 'zod';
import type { Provider } from '../core/provider.ts';
import type { StreamRequest } from '../core/request.ts';
import { AnthropicDecoder } from './anthropic-decoder.ts';
import { anthropicErrors } from './anthropic-errors.ts';
import { anthropicBody } from './anthropic-request.ts';
import { Endpoint, type EndpointOptions, endpointSchema } from './endpoint.ts';
import { describeErrorAs } from './known-errors.ts';
import { writeBody } from './request-content.ts';

/** Options of {@link anthropic}. */
export interface AnthropicOptions extends EndpointOptions {}

const describeError = describeErrorAs(anthropicErrors);

const schema = z.strictObject(endpointSchema);

/**
 * Anthropic's Messages, and with a `baseURL` of theirs the servers that speak the same.
 *
 * `max_tokens`, which the API asks for, is 4,096 unless the request says otherwise. Wrong options throw a `TypeError` that names the option.
 * `providerOptions.anthropic`, and those under the provider's own name, are merged into the request's body last.
 *
 * What the API has not is sent as the nearest that it has: `seed` is left out, a `temperature` above 1 is 1, the effort `minimal` is `low`, and
 * `none` turns thinking off. Other efforts do not turn it on: which form a model takes stands in `providerOptions.anthropic.thinking`.
 * The format `json` is a sentence for the model. Of `metadata`, `user_id` alone is sent. Texts of nothing but white space, which it refuses, are left
 * out, and ids of tool calls that another provider made are sent as others, the same each time.
 *
 * Thinking comes with its signature, and goes back with it; so do the citations of a text, and what only the provider understands, as
 * `provider-item`. Reasoning without a signature, as another provider gives it, does not go back. A turn that the provider paused finishes as `other`, with `pause_turn` as its raw
 * reason: send its messages back, with nothing after them, and it goes on.
 *
 * @param options `baseURL` is by default `https://api.anthropic.com/v1`, `name` is `anthropic`.
 *
 * @example
 * ```ts
 * const provider = anthropic({ apiKey: process.env.ANTHROPIC_API_KEY });
 * const beta = anthropic({ apiKey: () => vault.read('anthropic'), headers: { 'anthropic-beta': 'context-1m-2025-08-07' } });
 * ```
 */
export function anthropic(options: AnthropicOptions = {}): Provider {
  const endpoint = new Endpoint('anthropic', schema, options, {
    baseURL: 'https://api.anthropic.com/v1',
    headers: { 'anthropic-version': '2023-06-01' },
    headersOf: (key) => ({ 'x-api-key': key }),
  });
  const { name } = endpoint;
  return {
    name,
    capabilities: { charactersPerToken: 3.5, prefill: goesOnFromPrefill },
    request: (request, context) => endpoint.request('/messages', writeBody(anthropicBody, request, 'anthropic', name), context),
    decoder: (head) => new AnthropicDecoder(head),
    describeError,
  };
}

/** Models up to 4.5 do; those after them answer 400. One that is not known is asked to go on, as all can. */
function goesOnFromPrefill(model: string, { reasoningEffort }: Pick<StreamRequest, 'reasoningEffort'>): boolean {
  const isThinking = reasoningEffort !== undefined && reasoningEffort !== 'none';
  return !isThinking && /claude-(?:2|instant|3(?:[-.]|$)|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:$|[-@]\d{8}|-latest|@))/.test(model);
}
