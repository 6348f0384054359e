import { UnreadableRequest } from '../endpoint.ts';
import type { UIMessageLike } from './to-messages.ts';

/** What a chat sends: the body of the AI SDK's transports. */
export interface ChatRequest {
  /** Of the chat. */
  readonly id: string;
  readonly messages: readonly UIMessageLike[];
  readonly trigger?: 'submit-message' | 'regenerate-message' | undefined;
  /** Of the message that is sent anew, or answered anew. */
  readonly messageId?: string | undefined;
  /** What a page has added, with `body`; nobody has checked it. */
  readonly [member: string]: unknown;
}

/** @throws UnreadableRequest for what is none; the messages are checked by who converts them. */
export function parseChatRequest(body: unknown): ChatRequest {
  const { id, messages } = (typeof body === 'object' && body !== null ? body : {}) as Partial<ChatRequest>;
  if (typeof id !== 'string' || id === '' || id.length > 200) throw new UnreadableRequest(400, 'id must be a text of 1 to 200 characters');
  // Half a character can stand in no address.
  if (/\p{Surrogate}/u.test(id)) throw new UnreadableRequest(400, 'id must be well-formed');
  if (!Array.isArray(messages)) throw new UnreadableRequest(400, 'messages must be an array');
  return body as ChatRequest;
}
