import * as z from 'zod';
import type { Provider } from '../core/provider.ts';
import { Endpoint, type EndpointOptions, endpointSchema } from './endpoint.ts';
import { GeminiDecoder } from './gemini-decoder.ts';
import { geminiErrors } from './gemini-errors.ts';
import { geminiPath, writeGeminiBody } from './gemini-request.ts';
import { describeErrorAs } from './known-errors.ts';

/** Options of {@link gemini}. */
export interface GeminiOptions extends EndpointOptions {
  /** Whether models that think (Gemini 2.5 and later) send summaries of their thoughts, as reasoning. Default: the API decides, and sends none. */
  readonly includeThoughts?: boolean | undefined;
}

const schema = z.strictObject({
  ...endpointSchema,
  includeThoughts: z.boolean({ error: 'must be true or false' }).optional(),
});

const describeError = describeErrorAs(geminiErrors);

/**
 * Gemini's `generateContent`, of Google AI and with a `baseURL` and an `authorization` header of Vertex AI.
 *
 * Wrong options throw a `TypeError` that names the option. `providerOptions.gemini`, and those under the provider's own name, are merged into the
 * request's body last; their `generationConfig` member by member. `metadata` has no counterpart and is left out. Signatures of thoughts and the
 * ids of tool calls are in `providerMetadata.gemini`, and go back with the messages of the result. An image by its address must end in an
 * extension that tells its type. A prompt that is blocked is an error, `content-filter`, with the reason as its code; an answer that is
 * stopped by a filter finishes as `content-filter`; a tool call that the model got wrong is an error, `protocol`.
 *
 * @param options `baseURL` is by default `https://generativelanguage.googleapis.com/v1beta`, `name` is `gemini`.
 *
 * @example
 * ```ts
 * const provider = gemini({ apiKey: process.env.GEMINI_API_KEY, includeThoughts: true });
 * const vertex = gemini({
 *   name: 'vertex',
 *   baseURL: 'https://europe-west1-aiplatform.googleapis.com/v1/projects/example/locations/europe-west1/publishers/google',
 *   headers: { authorization: `Bearer ${token}` },
 * });
 * ```
 */
export function gemini(options: GeminiOptions = {}): Provider {
  const endpoint = new Endpoint('gemini', schema, options, {
    baseURL: 'https://generativelanguage.googleapis.com/v1beta',
    headers: {},
    headersOf: (key) => ({ 'x-goog-api-key': key }),
  });
  const { name } = endpoint;
  const { includeThoughts } = options;
  return {
    name,
    request: (request, context) =>
      endpoint.request(geminiPath(request.model), writeGeminiBody(request, name, { includeThoughts }), context, request.model),
    decoder: () => new GeminiDecoder(),
    describeError,
  };
}
