import { defaults } from '../core/defaults.ts';
import type { StreamResult, Usage } from '../core/stream-result.ts';
import { addUsage } from '../core/usage.ts';

const noTokens: Usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: false };

/** The result of no turn at all. */
export const nothingSaid: StreamResult = { text: '', reasoning: '', toolCalls: [], messages: [], usage: noTokens, finishReason: undefined };

/** What two turns have said, one after the other. Of very long texts the end is kept. */
export function joinResults(before: StreamResult, turn: StreamResult): StreamResult {
  if (before === nothingSaid) return turn;
  const [text, reasoning, refusal] = [
    join(before.text, turn.text),
    join(before.reasoning, turn.reasoning),
    join(before.refusal ?? '', turn.refusal ?? ''),
  ];
  const truncated = [text, reasoning, refusal].some(({ isCut }) => isCut) || before.truncated || turn.truncated;
  const hasMoreUsage = before.usageOverAllAttempts !== undefined || turn.usageOverAllAttempts !== undefined;
  return {
    text: text.kept,
    reasoning: reasoning.kept,
    ...(refusal.kept && { refusal: refusal.kept }),
    toolCalls: [...before.toolCalls, ...turn.toolCalls],
    get messages() {
      return [...before.messages, ...turn.messages];
    },
    usage: addUsage(before.usage, turn.usage),
    ...(hasMoreUsage && {
      usageOverAllAttempts: addUsage(before.usageOverAllAttempts ?? before.usage, turn.usageOverAllAttempts ?? turn.usage),
    }),
    finishReason: turn.finishReason,
    ...(truncated && { truncated }),
  };
}

function join(before: string, after: string): { readonly kept: string; readonly isCut: boolean } {
  const whole = before + after;
  const isCut = whole.length > defaults.partial.maxCharacters;
  return { kept: isCut ? whole.slice(-defaults.partial.maxCharacters) : whole, isCut };
}
