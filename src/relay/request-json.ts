import type { StreamRequest } from '../core/request.ts';

/** A request as JSON; bytes are base64, as a request may have them from the beginning. */
export function requestJson(request: StreamRequest): string {
  return JSON.stringify(request, function (this: unknown, key: string, value: unknown) {
    // A Buffer has its own JSON, which would be what is given here.
    const original = (this as Record<string, unknown>)[key];
    return original instanceof Uint8Array ? base64(original) : value;
  });
}

/** `btoa` takes as much at once as a call takes arguments. */
const slice = 8_192;

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += slice) text += String.fromCharCode(...bytes.subarray(start, start + slice));
  return btoa(text);
}
