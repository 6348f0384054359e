import * as z from 'zod';
import {
  accessOrResponse,
  callback,
  count,
  errorToResponse,
  headerOf,
  instance,
  isResponse,
  parseOptions,
  publicError,
  readJson,
  refuse,
  refuseUnasked,
  UnreadableRequest,
} from '../endpoint.ts';
import { defaults, type RelayAccess, type RelayHandler, type StreamRequest } from '../index.ts';
import { type ActiveChats, memoryActiveChats } from './active-chats.ts';
import { ChatAnswers, type ChatSessions, ownMessageId } from './chat-answers.ts';
import { type ChatRequest, parseChatRequest } from './chat-request.ts';
import { chunksShape } from './to-ui-message-chunks.ts';
import { bodyShape, type UIMessageStreamOptions, uiMessageResponse } from './to-ui-message-stream-response.ts';

/** Options of {@link createUIMessageHandler}. */
export interface UIMessageHandlerOptions extends Omit<UIMessageStreamOptions, 'status' | 'messageId' | 'isReplay'> {
  readonly sessions: ChatSessions;
  /**
   * Makes the request to the provider out of what a chat has sent: the place to choose the model, to look up the chat, and to put the system's
   * message before the user's.
   */
  readonly requestFrom: (chat: ChatRequest, access: RelayAccess) => StreamRequest | PromiseLike<StreamRequest>;
  /**
   * Asked of every request: whose it is, or the response that refuses it, as that of {@link createRelayHandler}. Default: everybody may do
   * everything, which is for pages that know no users.
   */
  readonly authorize?: ((request: Request) => RelayAccess | Response | PromiseLike<RelayAccess | Response>) | undefined;
  /** Where it is kept which answer a chat is on. Default: {@link memoryActiveChats}, which is for one process. */
  readonly activeChats?: ActiveChats | undefined;
  /**
   * Whether a chat that comes back after the end of its answer is told it once more, for pages that keep their messages nowhere else. Default:
   * false, and it gets a 204.
   */
  readonly replayEnded?: boolean | undefined;
  /** The longest body of a request, in bytes. Default: 4 MiB. */
  readonly maxBody?: number | undefined;
}

const schema = z.strictObject({
  ...bodyShape,
  messageMetadata: chunksShape.messageMetadata,
  sessions: instance<ChatSessions>('find', 'createSessions'),
  requestFrom: callback<UIMessageHandlerOptions['requestFrom']>(),
  authorize: callback<NonNullable<UIMessageHandlerOptions['authorize']>>().default(() => () => ({})),
  activeChats: instance<ActiveChats>('set', 'memoryActiveChats').default(() => memoryActiveChats()),
  replayEnded: z.boolean({ error: 'must be true or false' }).default(false),
  maxBody: count(1).default(defaults.relay.maxBody),
});

/**
 * Answers `useChat` of the AI SDK over sessions, as a function from a request to a response: answers go on when their page is left, are read on
 * when it comes back, and end when somebody stops them.
 *
 * | | |
 * |---|---|
 * | `POST <path>` | starts an answer; its chunks. What the chat was still on is cancelled |
 * | `GET <path>/<chat>/stream` | the answer that the chat is on, from its beginning; 204 where there is none, or it has ended |
 * | `DELETE <path>/<chat>`, `POST <path>/<chat>/stop` | cancels it: 204, also where there is none |
 *
 * A `POST` of a page of another origin has to say `application/json`, for which browsers ask first: 415.
 * A refusal is JSON, `{ error }`, with what an end user may read: 400, 401, 403, 404, 405, 409, 413, 415, 503. A chat of another tenant is one of
 * which nothing is known.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const handler = createUIMessageHandler({
 *   sessions: createSessions({ client }),
 *   authorize: (request) => ({ tenant: userOf(request) }),
 *   requestFrom: ({ messages }) => ({ model: 'gpt-4o-mini', messages: toMessages(messages) }),
 * });
 * createServer(toNodeHandler(handler)).listen(8080);
 * ```
 */
export function createUIMessageHandler(options: UIMessageHandlerOptions): RelayHandler {
  const settings = parseOptions('createUIMessageHandler', schema, options);
  const { sessions, authorize, requestFrom, activeChats, replayEnded, maxBody, ...writing } = settings;
  const answers = new ChatAnswers(sessions, activeChats);

  async function start(request: Request, access: RelayAccess): Promise<Response> {
    const idempotencyKey = headerOf(request, 'idempotency-key');
    const requestId = headerOf(request, 'x-client-request-id');
    const chat = parseChatRequest(await readJson(request, maxBody));
    const asked = await requestFrom(chat, access);
    const answer = await answers.start(chat, access, asked, {
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(requestId !== undefined && { requestId }),
    });
    const events$ = sessions.attach(answer.streamId, tenantOf(access));
    return uiMessageResponse(events$, { ...writing, status: 200, messageId: answer.messageId, isReplay: false });
  }

  async function resume(chatId: string, access: RelayAccess): Promise<Response> {
    const streamId = await answers.find(chatId, access);
    const record = streamId === undefined ? undefined : await sessions.find(streamId, tenantOf(access));
    const hasEnded = record?.state === 'sealed' || record?.state === 'lost';
    if (streamId === undefined || !record || (hasEnded && !replayEnded)) return nothing();
    const events$ = sessions.attach(streamId, { ...tenantOf(access), snapshot: true });
    return uiMessageResponse(events$, { ...writing, status: 200, messageId: ownMessageId(streamId), isReplay: true });
  }

  async function stop(chatId: string, access: RelayAccess): Promise<Response> {
    await answers.stop(chatId, access);
    return nothing();
  }

  async function answerTo(request: Request): Promise<Response> {
    const { method } = request;
    if (method !== 'GET' && method !== 'POST' && method !== 'DELETE') {
      return refuse(405, publicError(undefined), { allow: 'GET, POST, DELETE' });
    }
    const access = accessOrResponse(await authorize(request));
    if (isResponse(access)) return access;
    const segments = new URL(request.url).pathname.replace(/\/+$/, '').split('/');
    const last = segments.at(-1);
    if (method === 'POST' && last !== 'stop') return await start(request, access);
    if (method === 'POST') {
      refuseUnasked(request);
      return await stop(chatIdOf(segments.at(-2)), access);
    }
    if (method === 'DELETE') return await stop(chatIdOf(last === 'stream' ? segments.at(-2) : last), access);
    if (last !== 'stream') throw new UnreadableRequest(404, 'there is no such address');
    return await resume(chatIdOf(segments.at(-2)), access);
  }

  return async (request) => {
    try {
      return await answerTo(request);
    } catch (error) {
      return error instanceof UnreadableRequest ? refuse(error.httpStatus, publicError(error)) : errorToResponse(error);
    }
  };
}

function nothing(): Response {
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
}

function tenantOf({ tenant }: RelayAccess): { readonly tenant?: string } {
  return tenant === undefined ? {} : { tenant };
}

/** @throws UnreadableRequest where the address names no chat. */
function chatIdOf(segment: string | undefined): string {
  try {
    const id = decodeURIComponent(segment ?? '');
    if (id !== '' && id.length <= 200) return id;
  } catch {
    // Told below.
  }
  throw new UnreadableRequest(404, 'there is no such chat');
}
