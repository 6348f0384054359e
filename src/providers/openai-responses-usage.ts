import { isObject } from '../core/json-value.ts';
import type { Usage } from '../core/stream-result.ts';
import { openaiUsage } from './openai-usage.ts';

/** The usage of a response; `undefined` if it counts nothing. */
export function responsesUsage(reported: unknown): Usage | undefined {
  if (!isObject(reported)) return undefined;
  return openaiUsage({
    prompt_tokens_details: reported.input_tokens_details,
    completion_tokens_details: reported.output_tokens_details,
    ...reported,
  });
}
