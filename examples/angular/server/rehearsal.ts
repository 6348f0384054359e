import type { Answer, ChooseAnswer } from 'steadystream/testing';
import { answerTo } from './answers.ts';

/** What a conversation looks like on OpenAI's wire. */
interface Conversation {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/**
 * A provider that says plausible things at a speed that can be read, and misbehaves when it is asked to:
 *
 * | a prompt with | |
 * |---|---|
 * | `/busy` | is refused twice, with a Retry-After |
 * | `/stall` | hears nothing but signs of life; the second attempt is answered |
 * | `/drop` | loses the connection in the middle of the answer |
 */
export function rehearse({ tokenDelay = 35, headersDelay = 400, retryAfter = 4 } = {}): ChooseAnswer {
  const busy: readonly Answer[] = [
    { status: 429, headers: { 'retry-after': retryAfter }, body: { error: { message: 'Too many requests', type: 'rate_limit_error' } } },
    {
      status: 503,
      headers: { 'retry-after': retryAfter },
      body: { error: { message: 'The engine is overloaded', code: 'server_is_overloaded' } },
    },
  ];
  const attempts = new Map<unknown, number>();
  return ({ body, headers }): Answer => {
    const id = headers['x-client-request-id'];
    const attempt = (attempts.get(id) ?? 0) + 1;
    const { question, said } = parse(body as Conversation);
    const text = answerTo(question);
    const answer = { headersDelay, tokenDelay, text };

    if (said !== undefined) return { ...answer, text: text.startsWith(said) ? text.slice(said.length) : text };
    if (question.includes('/drop')) return { ...answer, after: 24, fault: 'reset' };
    const misbehaviour = question.includes('/busy') ? busy[attempt - 1] : question.includes('/stall') ? stall[attempt - 1] : undefined;
    if (misbehaviour) attempts.set(id, attempt);
    else attempts.delete(id);
    return misbehaviour ? { headersDelay, ...misbehaviour } : answer;
  };
}

const stall: readonly Answer[] = [{ text: 'never said', after: 0, fault: 'stall', heartbeat: 1_000 }];

/** What was asked, and what has been said of the answer where one that broke off is to be gone on with. */
function parse({ messages }: Conversation): { readonly question: string; readonly said?: string | undefined } {
  const [before, last] = messages.slice(-2);
  const question = messages.at(-3)?.content;
  if (before?.role === 'assistant' && question !== undefined && last?.content.startsWith('Your answer above was cut off')) {
    return { question, said: before.content };
  }
  return { question: last?.content ?? '' };
}
