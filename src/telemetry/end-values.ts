import type { Attributes } from '@opentelemetry/api';
import type { FinishReason, ProviderError, Usage } from '../index.ts';
import type { NamedValues } from './attribute-writer.ts';
import type { EndOfCall } from './outcome.ts';

const conventional: Partial<Record<FinishReason, string>> = { 'tool-calls': 'tool_call', 'content-filter': 'content_filter' };

/** The conventions ask for `error` where an answer was cut. */
export function finishReasonOf(end: EndOfCall): string {
  return end.type === 'finish' ? (conventional[end.finishReason] ?? end.finishReason) : 'error';
}

/** What an answer cost; of one that was cut, what the call did. That nothing is known of it is not that it was free. */
export function usageValues(usage: Usage | undefined): NamedValues {
  if (!usage || isUnknown(usage)) return {};
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  return { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens };
}

/** What is known of a failure, beside its category: nothing that the provider or the user said. */
export function errorFacts({ phase, timeout, gaveUp, code, providerRequestId }: ProviderError): Attributes {
  return {
    'error.phase': phase,
    'error.timeout': timeout,
    'error.gave_up': gaveUp,
    'error.code': code,
    provider_request_id: providerRequestId,
  };
}

/** As of an answer that is no stream, which `resilientFetch` does not read. */
export function isUnknown({ estimated, totalTokens }: Usage): boolean {
  return estimated && totalTokens === 0;
}
