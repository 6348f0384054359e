import { ProviderError } from './core/provider-error.ts';
import type { StreamRequest } from './core/request.ts';
import { bounded } from './recovery/persist.ts';
import { decodedRequest } from './recovery/take-over.ts';
import type { RequestCodec } from './sessions-options.ts';

const bytes = 'bytes:base64';

/** Requests as JSON; the bytes of images as base64. */
export const jsonCodec: RequestCodec = {
  encode: (request) =>
    JSON.stringify(request, (_member, value: unknown) => (value instanceof Uint8Array ? { [bytes]: toBase64(value) } : value)),
  decode: (text) => JSON.parse(text, (_member, value: unknown) => bytesOf(value) ?? value) as StreamRequest,
};

/** A request as the host's codec writes it, or an `invalid-request`. */
export async function encoded(request: StreamRequest, codec: RequestCodec): Promise<string> {
  try {
    return await bounded(async () => codec.encode(request));
  } catch (cause) {
    throw new ProviderError({ category: 'invalid-request', phase: 'local', retryable: false, reason: 'codec.encode failed', cause });
  }
}

/** A request that the host's codec wrote; `undefined` where it cannot read it. */
export async function decoded(text: string, codec: RequestCodec, within: number): Promise<StreamRequest | undefined> {
  try {
    return decodedRequest(await bounded(async () => codec.decode(text), within));
  } catch {
    return undefined;
  }
}

function bytesOf(value: unknown): Uint8Array | undefined {
  const text = (value as Record<string, unknown> | null)?.[bytes];
  return typeof text === 'string' ? Uint8Array.from(atob(text), (character) => character.charCodeAt(0)) : undefined;
}

function toBase64(data: Uint8Array): string {
  let text = '';
  // At once they would be too many arguments.
  for (let start = 0; start < data.length; start += 8_192) text += String.fromCharCode(...data.subarray(start, start + 8_192));
  return btoa(text);
}
