import { ErrorResponse } from '../core/error-response.ts';
import type { FinishReason } from '../core/stream-result.ts';
import { reportedError } from './stream-errors.ts';

const reasons = new Map<string, FinishReason>([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['BLOCKLIST', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['SPII', 'content-filter'],
  ['MODEL_ARMOR', 'content-filter'],
  ['IMAGE_SAFETY', 'content-filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'content-filter'],
  ['IMAGE_RECITATION', 'content-filter'],
]);

const failures = new Map<string, string>([
  ['MALFORMED_FUNCTION_CALL', 'the model wrote a tool call that Gemini could not read'],
  ['MALFORMED_RESPONSE', 'the model wrote an answer that Gemini could not read'],
  ['UNEXPECTED_TOOL_CALL', 'the model called a tool that the request does not have'],
  ['TOO_MANY_TOOL_CALLS', 'the model called tools too many times'],
]);

/** Gemini's `finishReason` in our words; `other` for `LANGUAGE`, `OTHER`, `NO_IMAGE`, `IMAGE_OTHER` and one that is not known. */
export function geminiFinishReason(raw: string): FinishReason {
  return reasons.get(raw) ?? 'other';
}

/**
 * The error that a `finishReason` stands for, where it says that the generation failed: then there is no answer, or half of one, and a success
 * would hide it. Gemini's own `finishMessage` is left out: it quotes what the model wrote.
 */
export function errorOfFinish(raw: string): ErrorResponse | undefined {
  // The request lacks what the answer before it brought: asking again does not help.
  if (raw === 'MISSING_THOUGHT_SIGNATURE') return reportedError({ error: { code: raw, type: 'invalid_request_error' } });
  const reason = failures.get(raw);
  if (reason === undefined) return undefined;
  return new ErrorResponse({ status: undefined, body: { error: { code: raw } }, headers: undefined, reason });
}
