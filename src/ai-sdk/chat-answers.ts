import type { RelayAccess, RelayedSessions, StreamRequest } from '../index.ts';
import type { ActiveChats } from './active-chats.ts';
import type { ChatRequest } from './chat-request.ts';

/** The answer that a chat is on. */
export interface ActiveAnswer {
  readonly streamId: string;
  /** Of the message that it becomes. */
  readonly messageId: string;
  /**
   * Of the message that it becomes when it is told again. Another one where the answer goes on in a message that had parts before: they are not told
   * again, and must not be replaced.
   */
  readonly resumedId: string;
}

type StartOptions = Omit<Parameters<RelayedSessions['start']>[1], 'tenant'>;

/** Knows which answer each chat is on: one at a time. */
export class ChatAnswers {
  readonly #sessions: RelayedSessions;
  readonly #chats: ActiveChats;
  /** Answers that are being started here: who stops a chat in that moment means them. */
  readonly #starting = new Map<string, Promise<unknown>>();

  constructor(sessions: RelayedSessions, chats: ActiveChats) {
    this.#sessions = sessions;
    this.#chats = chats;
  }

  /** Starts an answer. The one before it is cancelled, for nobody could reach it any more. */
  async start(chat: ChatRequest, access: RelayAccess, request: StreamRequest, options: StartOptions): Promise<ActiveAnswer> {
    const key = keyOf(chat.id, access);
    // One after the other: each has to know which it takes the place of.
    const before = this.#starting.get(key);
    const starting = (async () => {
      await before?.catch(() => {});
      return await this.#start(key, chat, access, request, options);
    })();
    this.#starting.set(key, starting);
    try {
      return await starting;
    } finally {
      if (this.#starting.get(key) === starting) this.#starting.delete(key);
    }
  }

  /** The answer that a chat is on, or was on last. */
  async find(chatId: string, access: RelayAccess): Promise<ActiveAnswer | undefined> {
    const key = keyOf(chatId, access);
    await this.#starting.get(key)?.catch(() => {});
    return parseAnswer(await this.#chats.get(key));
  }

  /** Cancels the answer that a chat is on, if it is on any. */
  async stop(chatId: string, access: RelayAccess): Promise<void> {
    const answer = await this.find(chatId, access);
    if (answer) await this.#cancel(answer.streamId, access);
  }

  async #start(
    key: string,
    chat: ChatRequest,
    { tenant }: RelayAccess,
    request: StreamRequest,
    options: StartOptions,
  ): Promise<ActiveAnswer> {
    const before = parseAnswer(await this.#chats.get(key));
    const { id: streamId } = await this.#sessions.start(request, { ...options, ...(tenant !== undefined && { tenant }) });
    const continued = continuedId(chat);
    const ownId = `msg_${streamId}`;
    const answer = { streamId, messageId: continued ?? ownId, resumedId: ownId };
    try {
      await this.#chats.set(key, JSON.stringify(answer));
    } catch (error) {
      // Nobody could come back to it, or stop it.
      await this.#cancel(streamId, { tenant }).catch(() => {});
      throw error;
    }
    if (before && before.streamId !== streamId) this.#cancel(before.streamId, { tenant }).catch(() => {});
    return answer;
  }

  async #cancel(streamId: string, { tenant }: RelayAccess): Promise<void> {
    try {
      await this.#sessions.cancel(streamId, tenant === undefined ? {} : { tenant });
    } catch (error) {
      // One that is gone has ended.
      if ((error as { readonly category?: unknown }).category !== 'not-found') throw error;
    }
  }
}

/** An answer goes on in the message of the model that ends the chat: its tools were run in the page. */
function continuedId({ messages, trigger }: ChatRequest): string | undefined {
  const last = messages.at(-1);
  return trigger !== 'regenerate-message' && last?.role === 'assistant' && typeof last.id === 'string' ? last.id : undefined;
}

function keyOf(chatId: string, { tenant }: RelayAccess): string {
  return `${tenant === undefined ? '' : encodeURIComponent(tenant)}/${encodeURIComponent(chatId)}`;
}

function parseAnswer(text: string | undefined): ActiveAnswer | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as ActiveAnswer);
}
