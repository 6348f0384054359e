import type { FinishReason } from '../core/stream-result.ts';

const reasons = new Map<string, FinishReason>([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['stop', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool-calls'],
  ['refusal', 'refusal'],
]);

/** A message's `stop_reason` in our words; `other` for one that is not known, and for `pause_turn`, after which the turn goes on. */
export function anthropicFinishReason(raw: string): FinishReason {
  return reasons.get(raw) ?? 'other';
}
