import { isProviderError, ProviderError } from '../core/provider-error.ts';
import type { Message, Part, StreamRequest } from '../core/request.ts';

/** The parts of a message; a plain text is one part, and texts that are empty are none. */
export function partsOf(message: Message): readonly Part[] {
  const parts: readonly Part[] = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
  return parts.filter((part) => part.type !== 'text' || part.text !== '');
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
  const options = request.providerOptions;
  try {
    // Not to be overridden: what is not a stream could not be read.
    return JSON.stringify({ ...makeBody(request), ...options?.[format], ...(name === format ? undefined : options?.[name]), stream: true });
  } catch (error) {
    throw isProviderError(error) ? error : invalidRequest('the request cannot be written as JSON', error);
  }
}
