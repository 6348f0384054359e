import { type ErrorCategory, type ErrorInit, type FinishReason, ProviderError, type ProviderEvent, type Usage } from '../index.ts';

/** The response's head, before any content: for an attempt that answers and then keeps silent. */
export function start(): ProviderEvent {
  return { type: 'start', attempt: 1, provider: 'fake', model: 'fake' };
}

/** A piece of text. */
export function text(delta: string, id = 'text-0'): ProviderEvent {
  return { type: 'text-delta', id, text: delta };
}

/** A piece of reasoning. */
export function reasoning(delta: string, id = 'reasoning-0'): ProviderEvent {
  return { type: 'reasoning-delta', id, text: delta };
}

/** A whole tool call. */
export function toolCall(toolName: string, input: unknown, toolCallId = 'call-0'): ProviderEvent {
  return { type: 'tool-call', toolCallId, toolName, input };
}

/** The end of an answer. */
export function finish(finishReason: FinishReason = 'stop', usage: Partial<Usage> = {}): ProviderEvent {
  const { inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens, estimated = false } = usage;
  return {
    type: 'finish',
    finishReason,
    rawFinishReason: finishReason,
    usage: { ...usage, inputTokens, outputTokens, totalTokens, estimated },
  };
}

/** A failure of a category, as the pipeline would raise it. */
export function failure(category: ErrorCategory, facts: Omit<ErrorInit, 'category'> = {}): ProviderError {
  return new ProviderError({ ...facts, category });
}
