import { ErrorResponse } from '../core/error-response.ts';
import type { EventLike } from '../core/event.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';

/** An event as JSON told it. */
export type RelayedEvent = EventLike & Record<string, unknown>;

/**
 * The event that the data of a message is.
 *
 * Events of ours have what whoever adds them up relies on. Those of somebody else need no more than a type.
 *
 * @throws ErrorResponse, which is `protocol`, for anything else: nothing may be taken for content, or clear it, that says none.
 */
export function parseRelayedEvent(data: string): RelayedEvent {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    // Told below.
  }
  if (!isObject(event) || typeof event.type !== 'string') throw malformed('a message of the relay is no event');
  if (!isWhole(event)) throw malformed('an event of the relay lacks what its type has');
  return event as RelayedEvent;
}

function isWhole(event: JsonObject): boolean {
  switch (event.type) {
    case 'text-delta':
    case 'reasoning-delta':
    case 'refusal-delta':
      return typeof event.text === 'string';
    case 'tool-input-delta':
      return typeof event.toolCallId === 'string' && typeof event.delta === 'string';
    case 'tool-call':
    case 'tool-result':
      return typeof event.toolCallId === 'string' && typeof event.toolName === 'string';
    case 'provider-item':
      return typeof event.format === 'string' && isObject(event.item);
    case 'message':
      return isMessage(event.message);
    case 'source':
      return typeof event.url === 'string';
    case 'usage':
      return isObject(event.usage);
    case 'finish':
      return typeof event.finishReason === 'string' && isObject(event.usage);
    case 'snapshot':
      return isResult(event.result);
    case 'rate-limits':
      return Array.isArray(event.limits);
    default:
      return true;
  }
}

function isResult(result: unknown): boolean {
  if (!isObject(result)) return false;
  const { text, reasoning, refusal = '', toolCalls, messages = [], usage } = result;
  if (typeof text !== 'string' || typeof reasoning !== 'string' || typeof refusal !== 'string') return false;
  return Array.isArray(toolCalls) && toolCalls.every(isObject) && Array.isArray(messages) && messages.every(isMessage) && isObject(usage);
}

function isMessage(message: unknown): boolean {
  if (!isObject(message) || typeof message.role !== 'string') return false;
  const { content } = message;
  return typeof content === 'string' || (Array.isArray(content) && content.every(isPart));
}

function isPart(part: unknown): boolean {
  if (!isObject(part)) return false;
  return part.type === 'text' || part.type === 'reasoning' ? typeof part.text === 'string' : typeof part.type === 'string';
}

function malformed(reason: string): ErrorResponse {
  return new ErrorResponse({ status: undefined, body: undefined, headers: undefined, reason });
}
