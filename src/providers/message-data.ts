import { isObject, type JsonObject } from '../core/json-value.ts';
import type { SseMessage } from '../core/transport.ts';
import { malformedStream } from './stream-errors.ts';

const keepAlives = new Set(['ping', 'heartbeat', 'keepalive', 'keep-alive']);

/** Whether a message is the marker after which nothing comes: `[DONE]`. */
export function isDoneMarker(data: string): boolean {
  return data.length < 32 && data.trim() === '[DONE]';
}

/**
 * The JSON object of a message; `undefined` for a keep-alive, or JSON that is no object.
 *
 * A payload that begins with a colon is a comment that a gateway sent on as data. Anything else that is not JSON is an error: a
 * message that cannot be read may have held text.
 */
export function parseMessage(message: SseMessage): JsonObject | undefined {
  const { data } = message;
  if (message.value !== undefined) return isObject(message.value) ? message.value : undefined;
  if (data.charCodeAt(0) === 58 /* : */ || data === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    if (message.event === 'error') return { error: data };
    if (keepAlives.has(message.event) || data.trim() === '') return undefined;
    throw malformedStream('a message that is not JSON');
  }
  if (message.event === 'error' && typeof value === 'string') return { error: value };
  // Some say an error in a list of one.
  if (Array.isArray(value)) return value.find((each) => isObject(each) && isErrorMessage('', each));
  return isObject(value) ? value : undefined;
}

/** Whether a message reports an error, in any of the shapes that providers use. `error: null` is none. */
export function isErrorMessage(event: string, body: JsonObject): boolean {
  const { error } = body;
  if (typeof error === 'object' && error !== null ? Object.keys(error).length > 0 : Boolean(error)) return true;
  return (
    event === 'error' ||
    body.object === 'error' ||
    body.type === 'error' ||
    // FastAPI's and Cloudflare's shapes: an error only where a message of the stream is not.
    (body.choices === undefined && body.type === undefined && (body.detail !== undefined || Array.isArray(body.errors)))
  );
}
