import * as z from 'zod';
import type { Provider } from '../core/provider.ts';
import { Endpoint, type EndpointOptions, endpointSchema, nonEmpty } from './endpoint.ts';
import { describeErrorAs } from './known-errors.ts';
import { openaiErrors } from './openai-errors.ts';
import { OpenAIResponsesDecoder } from './openai-responses-decoder.ts';
import { responsesFormat } from './openai-responses-item.ts';
import { writeResponsesBody } from './openai-responses-request.ts';
import { parseResponsesCursor } from './openai-responses-sequence.ts';

/** Options of {@link openaiResponses}. */
export interface OpenAIResponsesOptions extends EndpointOptions {
  /** Sent as `openai-organization`. Default: none. */
  readonly organization?: string | undefined;
  /** Sent as `openai-project`. Default: none. */
  readonly project?: string | undefined;
  /**
   * Whether the server keeps the responses. With `false`, the reasoning comes encrypted (`include: ['reasoning.encrypted_content']`), so that it
   * can go back. Default: nothing is said, and OpenAI keeps them.
   */
  readonly store?: boolean | undefined;
  /** Whether, and how, models that reason summarize it; OpenAI asks for a verified organization. Default: nothing is said, and none comes. */
  readonly reasoningSummary?: 'auto' | 'concise' | 'detailed' | undefined;
}

const schema = z.strictObject({
  ...endpointSchema,
  organization: nonEmpty().optional(),
  project: nonEmpty().optional(),
  store: z.boolean({ error: 'must be true or false' }).optional(),
  reasoningSummary: z.enum(['auto', 'concise', 'detailed'], { error: 'must be one of auto, concise, detailed' }).optional(),
});

/** A response that somebody cancelled at the provider is not asked for again. */
const describeError = describeErrorAs({ ...openaiErrors, codes: { ...openaiErrors.codes, cancelled: 'cancelled' } });

/**
 * OpenAI's Responses, and with a `baseURL` of theirs the servers that speak the same.
 *
 * Wrong options throw a `TypeError` that names the option. `providerOptions.openai`, `providerOptions['openai-responses']`, and those under the
 * provider's own name, are merged into the request's body last: `reasoning` and `text` member by member, `tools` (as `{ type: 'web_search' }`) behind
 * those of the request. System messages stay where they are in the conversation. `seed` has no counterpart and is left out; a request with
 * `stop`, which has none either, errors with `invalid-request`.
 *
 * Reasoning, searches and other items that only OpenAI understands are `provider-item` events of the format `openai-responses`; they, and ids in
 * `providerMetadata`, go back with the messages of the result.
 *
 * A response that is asked for with `providerOptions: { 'openai-responses': { background: true } }` can be resumed where it broke, for as long as
 * OpenAI keeps it: `recovery: ['resume']`, the default, does so.
 *
 * @param options `baseURL` is by default `https://api.openai.com/v1`, `name` is `openai-responses`.
 *
 * @example
 * ```ts
 * const provider = openaiResponses({ apiKey: process.env.OPENAI_API_KEY, store: false, reasoningSummary: 'auto' });
 * const searching = createClient({ provider }).stream({
 *   model: 'gpt-5-mini',
 *   messages: [{ role: 'user', content: 'What is new?' }],
 *   providerOptions: { openai: { tools: [{ type: 'web_search' }] } },
 * });
 * ```
 */
export function openaiResponses(options: OpenAIResponsesOptions = {}): Provider {
  const { organization, project, store, reasoningSummary } = options ?? {};
  const endpoint = new Endpoint('openaiResponses', schema, options, {
    name: responsesFormat,
    baseURL: 'https://api.openai.com/v1',
    headers: { ...(organization && { 'openai-organization': organization }), ...(project && { 'openai-project': project }) },
    headersOf: (key) => ({ authorization: `Bearer ${key}` }),
  });
  const { name, host } = endpoint;
  const isOpenAI = host === 'api.openai.com' || host.endsWith('.api.openai.com');
  const settings = { name, store, reasoningSummary, isOpenAI };
  return {
    name,
    // Only of a response that runs in the background is there a cursor.
    capabilities: { resume: true },
    request: (request, context) => endpoint.request('/responses', writeResponsesBody(request, settings), context, request.model),
    resume: ({ cursor = '', model }, context) => {
      const { responseId = '', after = 0 } = parseResponsesCursor(cursor) ?? {};
      const path = `/responses/${encodeURIComponent(responseId)}?stream=true&starting_after=${after}`;
      return endpoint.request(path, undefined, context, model);
    },
    cancelRequest: ({ cursor = '', model }, context) => {
      const { responseId = '' } = parseResponsesCursor(cursor) ?? {};
      return endpoint.request(`/responses/${encodeURIComponent(responseId)}/cancel`, '{}', context, model);
    },
    decoder: (head, from) => new OpenAIResponsesDecoder(head, from === undefined ? undefined : parseResponsesCursor(from)),
    describeError,
  };
}
