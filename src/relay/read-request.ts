import { ProviderError } from '../core/provider-error.ts';
import type { StreamRequest } from '../core/request.ts';
import { isItemOfAnswer } from './item-of-answer.ts';

/** What came instead of a request that can be read: a status and the words for it. */
export class UnreadableRequest extends ProviderError {
  readonly httpStatus: number;

  constructor(httpStatus: number, reason: string) {
    super({ category: 'invalid-request', phase: 'local', retryable: false, reason });
    this.httpStatus = httpStatus;
  }
}

/** How deep objects and arrays may stand in each other; what walks a request later does so by recursion. */
const maxDepth = 256;

/**
 * The JSON of a request's body.
 *
 * Only of a body that says that it is JSON: a page of another origin can send any other without being asked for leave.
 *
 * @throws UnreadableRequest for another type (415), for more than `maxBody` bytes (413), and for what is no JSON, or nested too deep (400).
 */
export async function readJson(request: Request, maxBody: number): Promise<unknown> {
  if (!saysJson(request)) throw new UnreadableRequest(415, 'the body must be application/json');
  const text = await readText(request.body, maxBody);
  if (isDeep(text)) throw new UnreadableRequest(400, `the body is nested deeper than ${maxDepth}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableRequest(400, 'the body is no JSON');
  }
}

/**
 * Refuses a request without a body that a page of another origin can send without being asked for leave, with the credentials of whoever looks at it.
 *
 * Browsers say where a request comes from; what says nothing of it is none of theirs.
 *
 * @throws UnreadableRequest 415 for one of a page of another origin that does not say that it is JSON.
 */
export function refuseUnasked(request: Request): void {
  const site = request.headers.get('sec-fetch-site');
  const isForeign = site === 'cross-site' || site === 'same-site';
  if (isForeign && !saysJson(request)) throw new UnreadableRequest(415, 'from another origin the type must be application/json');
}

function saysJson({ headers }: Request): boolean {
  return headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() === 'application/json';
}

/** Looks at the text, so that nothing deep is ever made of it. */
function isDeep(text: string): boolean {
  let depth = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (isQuoted) {
      if (character === '\\') index++;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') {
      isQuoted = true;
    } else if (character === '{' || character === '[') {
      if (++depth > maxDepth) return true;
    } else if (character === '}' || character === ']') {
      depth--;
    }
  }
  return false;
}

async function readText(body: ReadableStream<Uint8Array> | null, maxBody: number): Promise<string> {
  if (!body) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.byteLength;
    if (length > maxBody) {
      reader.cancel().catch(() => {});
      throw new UnreadableRequest(413, `the body is longer than ${maxBody} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/**
 * The request as a page sent it, less what only a server should decide.
 *
 * @throws UnreadableRequest for a request with `rawBody`, `providerOptions`, or an item of a provider that is none of an answer.
 */
export function plainRequest(body: unknown): StreamRequest {
  if (typeof body !== 'object' || body === null) throw new UnreadableRequest(400, 'the body must be a request');
  for (const member of ['rawBody', 'providerOptions']) {
    if (member in body) throw new UnreadableRequest(400, `${member} is not taken from a page; see requestFrom`);
  }
  const { messages } = body as { readonly messages?: unknown };
  if (Array.isArray(messages) && messages.some(speaksForOthers)) {
    throw new UnreadableRequest(400, 'messages: a provider-item that is none of an answer is not taken from a page; see requestFrom');
  }
  return body as StreamRequest;
}

/**
 * A header that names something.
 *
 * @throws UnreadableRequest for a value that is too long, or holds what none should.
 */
export function headerOf(request: Request, name: string): string | undefined {
  const value = request.headers.get(name);
  if (value === null || value === '') return undefined;
  if (!/^[\x21-\x7e]{1,128}$/.test(value)) throw new UnreadableRequest(400, `${name} must be 1 to 128 visible ASCII characters`);
  return value;
}

/** Whether a message has items that only a server should put to a provider. */
function speaksForOthers(message: unknown): boolean {
  const content = (message as { readonly content?: unknown } | null)?.content;
  if (!Array.isArray(content)) return false;
  // What is no object is no request either, and is refused as such.
  return content.some(
    (part) => part?.type === 'provider-item' && typeof part.item === 'object' && part.item !== null && !isItemOfAnswer(part.item),
  );
}
