import * as z from 'zod';
import type { Checkpoint, StreamRequest } from '../index.ts';
import type { ChatMessage } from './chat-message.ts';

/** Where a conversation is kept over a reload of its page. */
export interface ChatStorage {
  /** The name of the entry: one for each conversation. */
  readonly key: string;
  /** Default: `sessionStorage`, which is the tab's. */
  readonly area?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  /** How long the entry may be, in characters; beyond it the oldest turns are left out. Default: 500,000. */
  readonly maxCharacters?: number | undefined;
}

export const chatStorageSchema = z.strictObject({
  key: z.string({ error: 'must be a string' }).min(1, { error: 'must not be empty' }),
  area: z
    .custom<NonNullable<ChatStorage['area']>>((value) => typeof (value as Partial<Storage> | undefined)?.getItem === 'function', {
      error: 'must be a Storage',
    })
    .optional(),
  maxCharacters: z
    .custom<number>((value) => Number.isSafeInteger(value) && (value as number) >= 1_000, {
      error: 'must be a whole number from 1000',
    })
    .default(500_000),
});

/** The answer that came last, with all that is needed to go on with it. */
export interface KeptAnswer {
  readonly message: ChatMessage;
  readonly request: StreamRequest;
  readonly idempotencyKey?: string | undefined;
  readonly isKept?: boolean | undefined;
  readonly checkpoint?: Checkpoint | undefined;
}

/** A conversation as it is kept. */
export interface KeptChat {
  readonly messages: readonly ChatMessage[];
  readonly answer?: KeptAnswer | undefined;
}

const message = z.looseObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]),
});

const turn = z.looseObject({
  id: z.string(),
  role: z.enum(['user', 'assistant']),
  text: z.string(),
  reasoning: z.string(),
  toolCalls: z.array(z.looseObject({ toolCallId: z.string(), toolName: z.string() })),
  status: z.enum(['connecting', 'streaming', 'retrying', 'done', 'failed', 'stopped']),
  error: z.looseObject({ message: z.string(), category: z.string(), requestId: z.string(), retryable: z.boolean() }).optional(),
  messages: z.array(message),
});

const kept = z.looseObject({
  version: z.literal(1),
  messages: z.array(turn),
  answer: z
    .looseObject({
      message: turn,
      request: z.looseObject({ model: z.string(), messages: z.array(message) }),
      idempotencyKey: z.string().optional(),
      isKept: z.boolean().optional(),
      // Read by the client, which names what is wrong.
      checkpoint: z
        .looseObject({ result: z.looseObject({ text: z.string(), reasoning: z.string(), toolCalls: z.array(z.unknown()) }) })
        .optional(),
    })
    .optional(),
});

/** What was kept, if it is there, and ours. A storage that is full, switched off or written by somebody else is no failure. */
export function readChat(storage: ChatStorage): KeptChat | undefined {
  try {
    const text = areaOf(storage).getItem(storage.key);
    if (text === null) return undefined;
    const parsed = kept.safeParse(JSON.parse(text));
    return parsed.success ? (parsed.data as unknown as KeptChat) : undefined;
  } catch {
    return undefined;
  }
}

/** Less than that is not worth to be kept. */
const minCharacters = 1_000;

/** Keeps a conversation as far as there is room: its end rather than its beginning. */
export function writeChat(storage: ChatStorage & { readonly maxCharacters: number }, chat: KeptChat): void {
  try {
    const area = areaOf(storage);
    let text = textOf(chat, storage.maxCharacters);
    if (text === undefined) area.removeItem(storage.key);
    // A page's storage may have less room than that.
    while (text !== undefined && !isSet(area, storage.key, text)) {
      text = text.length > minCharacters ? textOf(chat, Math.floor(text.length / 2)) : undefined;
    }
  } catch {
    // The page goes on without.
  }
}

function isSet(area: NonNullable<ChatStorage['area']>, key: string, text: string): boolean {
  try {
    area.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

function textOf({ messages, answer }: KeptChat, maxCharacters: number): string | undefined {
  if (messages.length === 0 && !answer) return undefined;
  const last = answer && JSON.stringify(answer);
  // What goes on is of more use than what was; but not where it takes all the room.
  const isTooLong = last !== undefined && last.length > maxCharacters - 64;
  const tail = last === undefined || isTooLong ? '' : `,"answer":${last}`;
  let room = maxCharacters - 64 - tail.length;
  const turns: string[] = [];
  for (const each of isTooLong ? [...messages, answer?.message].reverse() : [...messages].reverse()) {
    const text = JSON.stringify(each);
    room -= text.length + 1;
    if (room < 0) break;
    turns.unshift(text);
  }
  return `{"version":1,"messages":[${turns.join(',')}]${tail}}`;
}

function areaOf({ area }: ChatStorage): NonNullable<ChatStorage['area']> {
  return area ?? globalThis.sessionStorage;
}
