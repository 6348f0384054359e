import type { JsonObject } from '../core/json-value.ts';
import { isProviderError, ProviderError } from '../core/provider-error.ts';
import type { Message, Part, ProviderMetadata, StreamRequest } from '../core/request.ts';

/** The parts of a message; a plain text is one part, and texts that are empty are none. */
export function partsOf(message: Message): readonly Part[] {
  const parts: readonly Part[] = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
  return parts.filter((part) => part.type !== 'text' || part.text !== '');
}

/** Where an image is: at an address, or here, in base64. */
export type ImageSource =
  | { readonly url: string; readonly data?: undefined }
  | { readonly url?: undefined; readonly data: string; readonly mediaType: string };

/** An image part, however it was given. */
export function imageSource(part: Extract<Part, { readonly type: 'image' }>): ImageSource {
  if (!('url' in part) || part.url === undefined) {
    const { data, mediaType } = part as Extract<Part, { readonly data: unknown }>;
    return { mediaType, data: typeof data === 'string' ? data : base64(data) };
  }
  const { url } = part;
  if (!url.startsWith('data:')) return { url };
  const comma = url.indexOf(',');
  const [mediaType, ...parameters] = url.slice(5, comma === -1 ? 5 : comma).split(';');
  if (!mediaType || !parameters.includes('base64')) throw invalidRequest('an image as a data: URL must have a media type and be base64');
  return { mediaType, data: url.slice(comma + 1) };
}

/** An image as an address; one that is here becomes a `data:` URL. */
export function imageURL(part: Extract<Part, { readonly type: 'image' }>): string {
  const source = imageSource(part);
  return source.url ?? `data:${source.mediaType};base64,${source.data}`;
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  // Arguments are limited in number.
  for (let start = 0; start < bytes.length; start += 8_192) binary += String.fromCharCode(...bytes.subarray(start, start + 8_192));
  return btoa(binary);
}

/** What of a part's metadata this format wrote. */
export function metadataOf(part: { readonly providerMetadata?: ProviderMetadata | undefined }, format: string): JsonObject {
  return part.providerMetadata?.[format] ?? {};
}

/** The text of a tool's result: a text as it is, anything else as JSON. */
export function outputText(output: unknown): string {
  return typeof output === 'string' ? output : (JSON.stringify(output) ?? 'null');
}

/** A request that cannot be said in the provider's format. */
export function invalidRequest(reason: string, cause?: unknown): ProviderError {
  return new ProviderError({ category: 'invalid-request', phase: 'local', retryable: false, reason, cause });
}

/**
 * Writes the body of a request: ours, then the options of the request that are meant for this provider, by its format's and its own name.
 */
export function writeBody(makeBody: (request: StreamRequest) => object, request: StreamRequest, format: string, name: string): string {
  return writeJson(() => {
    if (request.rawBody !== undefined) return request.rawBody;
    // Not to be overridden: what is not a stream could not be read.
    const [ofFormat, ofName] = optionsFor(request, format, name);
    return { ...makeBody(request), ...ofFormat, ...ofName, stream: true };
  });
}

/** The options of a request that are meant for a provider: those for its format, then those for its own name. */
export function optionsFor(request: StreamRequest, format: string, name: string): readonly [JsonObject, JsonObject] {
  const options = request.providerOptions;
  return [options?.[format] ?? {}, name === format ? {} : (options?.[name] ?? {})];
}

/** A body as JSON; one that cannot be made or written is an `invalid-request`. */
export function writeJson(makeBody: () => unknown): string {
  try {
    return JSON.stringify(makeBody());
  } catch (error) {
    throw isProviderError(error) ? error : invalidRequest('the request cannot be written as JSON', error);
  }
}
