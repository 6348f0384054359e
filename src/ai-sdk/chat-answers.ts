import { bounded } from '../endpoint.ts';
import type { RelayAccess, RelayedSessions, StreamRecord, StreamRequest } from '../index.ts';
import type { ActiveChats } from './active-chats.ts';
import type { ChatRequest } from './chat-request.ts';

/** What a chat wants of sessions; those of {@link createSessions} have it. */
export interface ChatSessions extends RelayedSessions {
  attach(
    id: string,
    options: { readonly snapshot?: boolean | undefined; readonly tenant?: string | undefined },
  ): ReturnType<RelayedSessions['attach']>;
  /** What is known of an answer; `undefined` where there is none. */
  find(id: string, options: { readonly tenant?: string | undefined }): PromiseLike<Pick<StreamRecord, 'state'> | undefined>;
}

/** An answer that was started, or joined. */
export interface StartedAnswer {
  readonly streamId: string;
  /** Of the message that it becomes, or goes on in. */
  readonly messageId: string;
}

/**
 * The id of the message that an answer becomes by itself, and when it is told again: in a message that had parts before they are not told again, and
 * must not be replaced.
 */
export function ownMessageId(streamId: string): string {
  return `msg_${streamId}`;
}

type StartOptions = Omit<Parameters<RelayedSessions['start']>[1], 'tenant'>;

/** Knows which answer each chat is on: one at a time. */
export class ChatAnswers {
  readonly #sessions: ChatSessions;
  readonly #chats: ActiveChats;
  /** Answers that are being started here: who stops a chat in that moment means them. */
  readonly #starting = new Map<string, Promise<unknown>>();

  constructor(sessions: ChatSessions, chats: ActiveChats) {
    this.#sessions = sessions;
    this.#chats = chats;
  }

  /**
   * Starts an answer. The one before it is cancelled, for nobody could reach it any more. Who joins an answer that has ended already, as a request
   * does that was sent twice and comes late, changes nothing.
   */
  async start(chat: ChatRequest, access: RelayAccess, request: StreamRequest, options: StartOptions): Promise<StartedAnswer> {
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

  /** The stream that a chat is on, or was on last. */
  async find(chatId: string, access: RelayAccess): Promise<string | undefined> {
    const key = keyOf(chatId, access);
    await this.#starting.get(key)?.catch(() => {});
    return await this.#known(key);
  }

  /** Cancels the answer that a chat is on, if it is on any. */
  async stop(chatId: string, access: RelayAccess): Promise<void> {
    const streamId = await this.find(chatId, access);
    if (streamId !== undefined) await this.#cancel(streamId, access);
  }

  async #start(key: string, chat: ChatRequest, access: RelayAccess, request: StreamRequest, options: StartOptions): Promise<StartedAnswer> {
    const { tenant } = access;
    const before = await this.#known(key);
    const { id: streamId, isNew = true } = await this.#sessions.start(request, { ...options, ...(tenant !== undefined && { tenant }) });
    const answer = { streamId, messageId: continuedId(chat) ?? ownMessageId(streamId) };
    if (!isNew && before !== undefined && !(await this.#isRunning(streamId, access))) return answer;
    try {
      await bounded(async () => await this.#chats.set(key, streamId));
    } catch (error) {
      // Nobody could come back to it, or stop it.
      await this.#cancel(streamId, { tenant }).catch(() => {});
      throw error;
    }
    if (before !== undefined && before !== streamId) this.#cancel(before, { tenant }).catch(() => {});
    return answer;
  }

  /** Of a store that does not answer nobody waits for ever. */
  async #known(key: string): Promise<string | undefined> {
    return (await bounded(async () => await this.#chats.get(key))) ?? undefined;
  }

  /** Whether an answer is being given, as far as is known. */
  async #isRunning(streamId: string, { tenant }: RelayAccess): Promise<boolean> {
    const record = await this.#sessions.find(streamId, tenant === undefined ? {} : { tenant });
    return record !== undefined && record.state !== 'sealed' && record.state !== 'lost';
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

/** Nobody's chats are not those of a tenant without a name. */
function keyOf(chatId: string, { tenant }: RelayAccess): string {
  return `${tenant === undefined ? '' : `${encodeURIComponent(tenant)}/`}${encodeURIComponent(chatId)}`;
}
