import { countOf, isObject } from '../core/json-value.ts';
import type { Usage } from '../core/stream-result.ts';

/**
 * The usage of a chat completion: OpenAI's members, and where others put cached and reasoning tokens. `undefined` if it counts nothing.
 */
export function openaiUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined;
  const input = countOf(reported.prompt_tokens) ?? countOf(reported.input_tokens);
  const output = countOf(reported.completion_tokens) ?? countOf(reported.output_tokens);
  if (input === undefined && output === undefined) return undefined;
  const inputDetails = isObject(reported.prompt_tokens_details) ? reported.prompt_tokens_details : {};
  const outputDetails = isObject(reported.completion_tokens_details) ? reported.completion_tokens_details : {};
  // Moonshot has cached_tokens beside the sums, DeepSeek its own word.
  const cached = countOf(inputDetails.cached_tokens) ?? countOf(reported.cached_tokens) ?? countOf(reported.prompt_cache_hit_tokens);
  const written = countOf(inputDetails.cache_write_tokens) ?? countOf(reported.cache_creation_input_tokens);
  const reasoning = countOf(outputDetails.reasoning_tokens) ?? countOf(reported.reasoning_tokens);
  const inputTokens = input ?? 0;
  const totalTokens = countOf(reported.total_tokens);
  // xAI counts reasoning beside the output, and in the total.
  const beside = reasoning !== undefined && totalTokens === inputTokens + (output ?? 0) + reasoning ? reasoning : 0;
  const outputTokens = (output ?? 0) + beside;
  return {
    inputTokens,
    outputTokens,
    totalTokens: totalTokens || inputTokens + outputTokens,
    ...(cached === undefined ? {} : { cachedInputTokens: cached }),
    ...(written === undefined ? {} : { cacheWriteTokens: written }),
    ...(reasoning === undefined ? {} : { reasoningTokens: reasoning }),
    estimated: false,
  };
}

/** The usage of an answer whose provider did not report it. */
export const unknownUsage: Usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true };
