import type { Message, StreamResult } from '../index.ts';

/** What may be written of a conversation: so many characters, and no more. */
class Room {
  left: number;

  constructor(maxCharacters: number) {
    this.left = maxCharacters;
  }

  take(text: string): string {
    const taken = text.slice(0, this.left);
    this.left -= taken.length;
    return taken.length < text.length ? `${taken}…` : taken;
  }
}

/** The messages of a conversation in the form of the conventions, as JSON; where there is room for some only, the last ones. */
export function messagesContent(messages: readonly Message[], maxCharacters: number): string {
  const room = new Room(maxCharacters);
  const written: object[] = [];
  for (let index = messages.length - 1; index >= 0 && room.left > 0; index--) {
    const message = messages[index];
    if (message) written.push({ role: message.role, parts: partsOf(message.content, room) });
  }
  return JSON.stringify(written.reverse());
}

/** The answer as the one message that it is. */
export function answerContent(result: StreamResult, finishReason: string, maxCharacters: number): string {
  const { reasoning, text, refusal, toolCalls } = result;
  const room = new Room(maxCharacters);
  const said = [
    ...(reasoning ? [{ type: 'reasoning' as const, text: reasoning }] : []),
    { type: 'text' as const, text: text || (refusal ?? '') },
  ];
  const calls = toolCalls.map((call) => ({ type: 'tool-call' as const, ...call }));
  const parts = partsOf([...said.filter((part) => part.text !== ''), ...calls], room);
  return JSON.stringify([{ role: 'assistant', parts, finish_reason: finishReason }]);
}

function partsOf(content: Message['content'], room: Room): object[] {
  if (typeof content === 'string') return [{ type: 'text', content: room.take(content) }];
  return content.flatMap((part) => {
    if (room.left <= 0) return [];
    switch (part.type) {
      case 'text':
      case 'reasoning':
        return { type: part.type, content: room.take(part.text) };
      case 'image':
        // Neither bytes nor addresses, which may be signed.
        return { type: 'url' in part ? 'uri' : 'blob', modality: 'image' };
      case 'tool-call':
        return { type: 'tool_call', id: part.toolCallId, name: part.toolName, arguments: room.take(JSON.stringify(part.input) ?? '') };
      case 'tool-result':
        return { type: 'tool_call_response', id: part.toolCallId, response: room.take(JSON.stringify(part.output) ?? '') };
      default:
        return [];
    }
  });
}
