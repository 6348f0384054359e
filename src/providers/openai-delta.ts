import { isObject, type JsonObject, textOf } from '../core/json-value.ts';
import type { ProviderMetadata } from '../core/request.ts';

/** The content of a delta: text, a number that should be text, or Mistral's parts. */
export function contentOf(delta: JsonObject): string {
  const { content } = delta;
  return Array.isArray(content) ? joined(content, 'text') : textOf(content);
}

/**
 * The reasoning of a delta, under whichever of its names it comes; vLLM once sent two of them with the same text.
 */
export function reasoningOf(delta: JsonObject): string {
  const { reasoning_content: content, reasoning, reasoning_text: text, reasoning_details: details } = delta;
  if (typeof content === 'string' && content !== '') return content;
  if (typeof reasoning === 'string' && reasoning !== '') return reasoning;
  if (typeof text === 'string' && text !== '') return text;
  if (Array.isArray(details)) return joined(details, 'reasoning.text') + joined(details, 'reasoning.summary');
  return Array.isArray(delta.content) ? joined(delta.content, 'thinking') : '';
}

/** A word, such as an id or a reason; servers that print what they have not say `null` or `None`. */
export function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && !nothings.has(value) ? value : undefined;
}

const nothings = new Set(['null', 'undefined', 'None']);

/** What rides on a delta or on a tool call and is wanted back with it: Gemini's signature of its thought. */
export function extraContentOf(carrier: JsonObject): ProviderMetadata | undefined {
  const extra = carrier.extra_content;
  return isObject(extra) && Object.keys(extra).length > 0 ? { openai: { extra_content: extra } } : undefined;
}

/** The text of the parts of one type. */
function joined(parts: readonly unknown[], type: string): string {
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string' && type === 'text') text += part;
    else if (isObject(part) && (part.type ?? 'text') === type) {
      text += Array.isArray(part.thinking) ? joined(part.thinking, 'text') : textOf(part.text ?? part.thinking ?? part.summary);
    }
  }
  return text;
}

/** The delta of a message with one choice: where a template finds its text. */
export function onlyDelta(chunk: unknown): JsonObject | undefined {
  if (!isObject(chunk) || !Array.isArray(chunk.choices) || chunk.choices.length !== 1) return undefined;
  const choice: unknown = chunk.choices[0];
  return isObject(choice) && isObject(choice.delta) ? choice.delta : undefined;
}
