import type { FinishReason } from '../core/stream-result.ts';

const reasons = new Map<string, FinishReason>([
  ['stop', 'stop'],
  ['eos', 'stop'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['tool_calls', 'tool-calls'],
  ['tool_use', 'tool-calls'],
  ['function_call', 'tool-calls'],
  ['content_filter', 'content-filter'],
  ['safety', 'content-filter'],
  ['sensitive', 'content-filter'],
  ['refusal', 'refusal'],
]);

const failures = new Set(['error', 'network_error', 'insufficient_system_resource', 'abort']);

/** A chat completion's `finish_reason` in our words, whatever its case; `other` for one that is not known. */
export function openaiFinishReason(raw: string): FinishReason {
  return reasons.get(raw.toLowerCase()) ?? 'other';
}

/** Whether a `finish_reason` says that the answer failed (OpenRouter, Mistral, DeepSeek, Zhipu, vLLM). */
export function isFailedFinish(raw: string): boolean {
  return failures.has(raw.toLowerCase());
}
