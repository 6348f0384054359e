import type { StreamEvent } from '../core/event.ts';
import type { Message, Part } from '../core/request.ts';
import type { StreamResult } from '../core/stream-result.ts';

type Snapshot = Extract<StreamEvent, { readonly type: 'snapshot' }>;

/** The events that say what a snapshot says, for a wire that knows no snapshots. */
export function eventsOfSnapshot({ result, partId }: Snapshot): readonly StreamEvent[] {
  const { text, reasoning, refusal, usage } = result;
  const messages = withoutRefusal(result);
  const said = messages.filter(isOfAnswer).flatMap(partsOf);
  const joined = (type: 'text' | 'reasoning') => said.map((part) => (part.type === type ? part.text : '')).join('');
  // Messages are what goes back to a provider; where they say something else, what is shown is the result's own text.
  const isTold = joined('text') === text && joined('reasoning') === reasoning;
  const events: StreamEvent[] = [];
  const tell = (part: Part): void => {
    if (part.type === 'image') return;
    if (part.type !== 'text' && part.type !== 'reasoning') events.push(part);
    else if (part.text !== '' || part.providerMetadata) {
      events.push({ ...part, type: `${part.type}-delta`, id: `snapshot-${events.length}` } as StreamEvent);
    }
  };
  if (!isTold) {
    tell({ type: 'reasoning', text: reasoning });
    tell({ type: 'text', text });
  }
  for (const message of messages) {
    if (!isOfAnswer(message)) events.push({ type: 'message', message });
    else for (const part of partsOf(message)) if (isTold || (part.type !== 'text' && part.type !== 'reasoning')) tell(part);
  }
  const last = events.at(-1);
  if (partId !== undefined && (last?.type === 'text-delta' || last?.type === 'reasoning-delta')) {
    events[events.length - 1] = { ...last, id: partId };
  }
  if (refusal) events.push({ type: 'refusal-delta', id: 'snapshot-refusal', text: refusal });
  return [...events, { type: 'usage', usage }];
}

function isOfAnswer({ role }: Message): boolean {
  return role === 'assistant' || role === 'tool';
}

function partsOf({ content }: Message): readonly Part[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

/** A refusal is told as a message where nothing else was said; it is no text of the answer. */
function withoutRefusal({ messages = [], refusal, text }: StreamResult): readonly Message[] {
  const isRefused = refusal && text === '' && messages.at(-1)?.content === refusal;
  return isRefused ? messages.slice(0, -1) : messages;
}
