import type { ErrorResponse } from '../core/error-response.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';
import type { FinishReason } from '../core/stream-result.ts';
import { reportedError } from './stream-errors.ts';

/** The events that end a response, with the status that they stand for; `response.done` is a gateway's. */
const endings = new Map<string, string>([
  ['response.completed', 'completed'],
  ['response.done', 'completed'],
  ['response.incomplete', 'incomplete'],
  ['response.failed', 'failed'],
  ['response.cancelled', 'cancelled'],
]);

const incompleteReasons = new Map<string, FinishReason>([
  ['max_output_tokens', 'length'],
  ['max_tokens', 'length'],
  ['content_filter', 'content-filter'],
]);

/** Whether an event ends the response. */
export function isEndOfResponse(type: string): boolean {
  return endings.has(type);
}

/** How a response ended. */
export interface EndOfResponse {
  /** `stop` where it is complete. */
  readonly finishReason: FinishReason;
  readonly rawFinishReason: string;
  /** What the provider reports of a response that failed or was cancelled. */
  readonly error?: ErrorResponse | undefined;
}

/** Reads the event that ends a response. */
export function endOfResponse(type: string, response: JsonObject): EndOfResponse {
  const status = statusOf(type, response);
  if (status === 'failed' || status === 'cancelled') {
    const { error: told } = response;
    const error = reportedError({ error: isObject(told) || typeof told === 'string' ? told : { code: status } });
    return { finishReason: 'other', rawFinishReason: status, error };
  }
  if (status !== 'incomplete') return { finishReason: 'stop', rawFinishReason: 'completed' };
  const details = isObject(response.incomplete_details) ? response.incomplete_details : {};
  const rawFinishReason = typeof details.reason === 'string' && details.reason !== '' ? details.reason : 'incomplete';
  return { finishReason: incompleteReasons.get(rawFinishReason) ?? 'other', rawFinishReason };
}

/** An event that says `completed` may hold a response that says otherwise; never the other way round. */
function statusOf(type: string, { status }: JsonObject): string {
  const told = endings.get(type) ?? 'completed';
  return told === 'completed' && typeof status === 'string' ? status : told;
}
