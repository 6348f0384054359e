import type { z } from 'zod';
import type { Provider } from '../core/provider.ts';
import { type ThinkTagOptions, ThinkTags } from '../policies/think-tags.ts';
import { Endpoint, type EndpointOptions } from './endpoint.ts';
import { describeErrorAs } from './known-errors.ts';
import { OpenAIDecoder } from './openai-decoder.ts';
import { openaiErrors } from './openai-errors.ts';
import { anyServer, type OpenAIPreset, openaiItself } from './openai-preset.ts';
import { openaiBody } from './openai-request.ts';
import { writeBody } from './request-content.ts';

const describeOpenAIError = describeErrorAs(openaiErrors);

/** What {@link openaiProvider} is made of. */
export interface OpenAIProviderOptions extends EndpointOptions {
  readonly organization?: string | undefined;
  readonly project?: string | undefined;
  readonly thinkTags?: boolean | ThinkTagOptions | undefined;
}

/**
 * A provider that speaks Chat Completions.
 *
 * @param factory What the user called, for the words of errors.
 * @param schema Of the options; nothing of them, or of the preset in them, is relied on before it has passed.
 * @param preset Default: OpenAI's own, at its address; at another, that of a server of which nothing is known.
 */
export function openaiProvider(
  factory: string,
  schema: z.ZodType,
  options: OpenAIProviderOptions,
  preset: OpenAIPreset | undefined,
): Provider {
  const { organization, project, thinkTags } = options ?? {};
  const endpoint = new Endpoint(factory, schema, options, {
    name: preset?.name,
    baseURL: preset ? preset.baseURL : 'https://api.openai.com/v1',
    headers: { ...(organization && { 'openai-organization': organization }), ...(project && { 'openai-project': project }) },
    headersOf: (key) => keyHeader(preset?.keyHeader?.toLowerCase(), key),
  });
  const { name, host } = endpoint;
  const isOpenAI = host === 'api.openai.com' || host.endsWith('.api.openai.com');
  const server = preset ?? (isOpenAI ? openaiItself : anyServer);
  const tags = thinkTags ?? server.thinkTags ?? true;
  const tagOptions = tags === true ? {} : tags;
  return {
    name,
    capabilities: { prefill: () => server.prefill !== undefined },
    request: (request, context) =>
      endpoint.request(
        '/chat/completions',
        writeBody((each) => openaiBody(each, server), request, 'openai', name),
        context,
        request.model,
      ),
    decoder: (head) => new OpenAIDecoder(head, undefined, tagOptions ? new ThinkTags(tagOptions) : null),
    describeError: server.errors === undefined ? describeOpenAIError : describeErrorAs(server.errors),
  };
}

function keyHeader(header: string | undefined, key: string): Readonly<Record<string, string>> {
  return header === undefined || header === 'authorization' ? { authorization: `Bearer ${key}` } : { [header]: key };
}
