import type { Message } from '../core/request.ts';

/** The messages of turns in which a tool was called: all from one question of the user to the next. */
export function messagesOfToolTurns(messages: readonly Message[]): ReadonlySet<Message> {
  const found = new Set<Message>();
  let turn: Message[] = [];
  let called = false;
  const end = (): void => {
    if (called) for (const message of turn) found.add(message);
    turn = [];
    called = false;
  };
  for (const message of messages) {
    if (isQuestion(message)) end();
    turn.push(message);
    called ||= holds(message, 'tool-call');
  }
  end();
  return found;
}

/** Results of tools may stand in a message of the user too; that alone is no question. */
function isQuestion(message: Message): boolean {
  return message.role === 'user' && !holds(message, 'tool-result');
}

function holds({ content }: Message, type: 'tool-call' | 'tool-result'): boolean {
  return typeof content !== 'string' && content.some((part) => part.type === type);
}
