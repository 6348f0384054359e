import { isDeepStrictEqual } from 'node:util';
import type { EventLike, FinishReason, Usage } from '../../index.ts';
import type { ExpectedAnswer } from './options.ts';

/** What events come to. */
export interface Answer {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly { readonly toolName: string; readonly input: unknown }[];
  readonly finishReason: FinishReason | undefined;
  readonly usage: Usage | undefined;
}

type AnyEvent = EventLike & { readonly [member: string]: unknown };

/** Joins events to an answer. */
export function answerOf(events: readonly EventLike[]): Answer {
  const all = events as readonly AnyEvent[];
  const joined = (type: string) => all.map((event) => (event.type === type ? String(event.text) : '')).join('');
  const finish = all.find(({ type }) => type === 'finish');
  return {
    text: joined('text-delta'),
    reasoning: joined('reasoning-delta'),
    toolCalls: all.filter(({ type }) => type === 'tool-call').map(({ toolName, input }) => ({ toolName: String(toolName), input })),
    finishReason: finish?.finishReason as FinishReason | undefined,
    usage: finish?.usage as Usage | undefined,
  };
}

/** Throws where an answer is not what was expected of it. */
export function expectAnswer(answer: Answer, expected: ExpectedAnswer): void {
  for (const member of ['text', 'reasoning', 'toolCalls', 'finishReason'] as const) {
    const value = expected[member];
    if (value !== undefined && !isDeepStrictEqual(answer[member], value)) {
      throw new Error(`${member} is ${show(answer[member])}, and should be ${show(value)}`);
    }
  }
  for (const [member, value] of Object.entries(expected.usage ?? {})) {
    const told = answer.usage?.[member as keyof Usage];
    if (told !== value) throw new Error(`usage.${member} is ${show(told)}, and should be ${show(value)}`);
  }
}

/** Throws where two runs differ; an id of a tool call that was made up may differ. */
export function expectSame(actual: readonly EventLike[], expected: readonly EventLike[], when: string): void {
  const [first, second] = [comparable(actual), comparable(expected)];
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    if (isDeepStrictEqual(first[index], second[index])) continue;
    throw new Error(`${when}, event ${index + 1} is ${show(first[index])}, and should be ${show(second[index])}`);
  }
}

function comparable(events: readonly EventLike[]): unknown[] {
  const ids = new Map<unknown, string>();
  return (events as readonly AnyEvent[]).map(({ requestId: _, toolCallId, ...event }) => {
    if (toolCallId === undefined) return event;
    if (!ids.has(toolCallId)) ids.set(toolCallId, `call ${ids.size + 1}`);
    return { ...event, toolCallId: ids.get(toolCallId) };
  });
}

/** A value for a message. */
export function show(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 400);
  } catch {
    return `a ${typeof value}`;
  }
}
