import type { Message, Part, PublicError, ToolCall } from '../index.ts';
import type { AnswerView } from './answer-view.ts';

/** One turn of a conversation, as a page shows it: plain data. */
export interface ChatMessage {
  /** Stays the same while an answer grows, is asked anew or goes on, and after the page is loaded again: for `track`. */
  readonly id: string;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  /** Of a user's turn `done`. What failed or was stopped keeps its text. */
  readonly status: Exclude<AnswerView['status'], 'idle'>;
  /** What an end user may read of a failure. */
  readonly error?: PublicError | undefined;
  /** What the model is told of the turn next time; nothing where nothing was said. */
  readonly messages: readonly Message[];
}

/** What a user says. Bytes become base64, so that what is kept asks the same. */
export function userMessage(id: string, said: string | readonly Part[]): ChatMessage {
  const content = typeof said === 'string' ? said : said.map(withoutBytes);
  const text = typeof content === 'string' ? content : content.map((part) => (part.type === 'text' ? part.text : '')).join('');
  return { id, role: 'user', text, reasoning: '', toolCalls: [], status: 'done', messages: [{ role: 'user', content }] };
}

/** An answer as a turn. */
export function answerMessage(id: string, view: AnswerView): ChatMessage {
  const { text, reasoning, toolCalls, status } = view;
  const messages = view.status === 'done' ? view.result.messages : text === '' ? [] : [{ role: 'assistant' as const, content: text }];
  const error = view.status === 'failed' ? view.error.toPublic() : undefined;
  const turn = { id, role: 'assistant' as const, text, reasoning, toolCalls, messages };
  return { ...turn, status: status === 'idle' ? 'done' : status, ...(error && { error }) };
}

function withoutBytes(part: Part): Part {
  if (part.type !== 'image' || !('data' in part) || typeof part.data === 'string') return part;
  let binary = '';
  for (const byte of part.data) binary += String.fromCharCode(byte);
  return { ...part, data: btoa(binary) };
}
