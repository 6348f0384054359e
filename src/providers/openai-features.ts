import type { StreamRequest } from '../core/request.ts';
import type { OpenAIFeature, OpenAIPreset } from './openai-preset.ts';
import { imageSource, invalidRequest } from './request-content.ts';

/** Refuses a request for what the server cannot do, by the name of the field. */
export function refuseUnsupported(request: StreamRequest, { name, unsupported = [] }: OpenAIPreset): void {
  const asked = unsupported.find((feature) => isAsked[feature](request));
  if (asked !== undefined) throw invalidRequest(`${name} does not support ${asked}`);
}

const isAsked: { readonly [feature in OpenAIFeature]: (request: StreamRequest) => boolean } = {
  seed: ({ seed }) => seed !== undefined,
  metadata: ({ metadata }) => metadata !== undefined,
  stop: ({ stop = [] }) => stop.length > 0,
  reasoningEffort: ({ reasoningEffort }) => reasoningEffort !== undefined,
  'toolChoice.required': ({ toolChoice, tools }) => toolChoice === 'required' && tools !== undefined && tools.length > 0,
  'toolChoice.toolName': ({ toolChoice }) => typeof toolChoice === 'object',
  'responseFormat.json': ({ responseFormat }) => responseFormat?.type === 'json',
  'responseFormat.json-schema': ({ responseFormat }) => responseFormat?.type === 'json-schema',
  image: (request) => imagesOf(request).length > 0,
  'image.url': (request) => imagesOf(request).some((part) => imageSource(part).url !== undefined),
};

function imagesOf({ messages }: StreamRequest) {
  return messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content.filter((part) => part.type === 'image')));
}
