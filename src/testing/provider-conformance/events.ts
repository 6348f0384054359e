import type { EventLike } from '../../index.ts';
import { show } from './answer.ts';

type AnyEvent = EventLike & { readonly [member: string]: unknown };

const texts: Readonly<Record<string, readonly string[]>> = {
  'text-delta': ['id', 'text'],
  'reasoning-delta': ['id', 'text'],
  'refusal-delta': ['id', 'text'],
  'tool-input-delta': ['toolCallId', 'delta'],
  'tool-call': ['toolCallId', 'toolName'],
  'tool-result': ['toolCallId', 'toolName'],
  source: ['url'],
  'provider-item': ['format'],
  finish: ['finishReason', 'rawFinishReason'],
};
const finishReasons = ['stop', 'length', 'tool-calls', 'content-filter', 'refusal', 'other'];

/** Throws at an event that lacks a member, and at usage that is no number of tokens. */
export function expectSoundEvents(events: readonly EventLike[]): void {
  for (const event of events as readonly AnyEvent[]) {
    for (const member of texts[event.type] ?? []) {
      if (typeof event[member] !== 'string') throw new Error(`${member} of ${event.type} is no text: ${show(event[member])}`);
    }
    if (event.type === 'tool-call' && (event.toolCallId === '' || event.toolName === ''))
      throw new Error('a tool call lacks its id or its name');
    if (event.type === 'tool-call' && !('input' in event)) throw new Error('a tool call lacks its input');
    if (event.type === 'finish' && !finishReasons.includes(String(event.finishReason)))
      throw new Error(`finishReason is ${show(event.finishReason)}`);
    if (event.type === 'finish' || event.type === 'usage') expectSoundUsage(event.usage);
  }
}

function expectSoundUsage(usage: unknown): void {
  if (typeof usage !== 'object' || usage === null)
    throw new Error('there is no usage; where the provider tells none it is 0, and estimated');
  const counts = usage as Readonly<Record<string, unknown>>;
  for (const member of ['inputTokens', 'outputTokens', 'totalTokens']) {
    if (typeof counts[member] !== 'number') throw new Error(`usage.${member} is no number: ${show(counts[member])}`);
  }
  for (const [member, value] of Object.entries(counts)) {
    if (typeof value === 'number' && !(Number.isFinite(value) && value >= 0)) throw new Error(`usage.${member} is ${value}`);
  }
  if (typeof counts.estimated !== 'boolean') throw new Error('usage.estimated is neither true nor false');
}
