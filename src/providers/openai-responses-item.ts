import { isObject, type JsonObject } from '../core/json-value.ts';

/** The name of the wire format, under which what goes back to it is kept. */
export const responsesFormat = 'openai-responses';

/** Whether an item is a call of one of the user's own tools. */
export function isToolCall(item: unknown): boolean {
  return isObject(item) && (item.type === 'function_call' || item.type === 'custom_tool_call');
}

/** What of an item has no place of its own in an event, as its id; `undefined` if that is nothing. */
export function restOfItem(item: JsonObject, told: readonly string[]): JsonObject | undefined {
  const rest: [string, unknown][] = Object.entries(item).filter(
    ([member, value]) => member !== 'type' && member !== 'status' && !told.includes(member) && value !== null,
  );
  return rest.length > 0 ? Object.fromEntries(rest) : undefined;
}
