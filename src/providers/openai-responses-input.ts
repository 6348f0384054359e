import type { JsonObject } from '../core/json-value.ts';
import type { Message, Part } from '../core/request.ts';
import { responsesFormat } from './openai-responses-item.ts';
import { imageURL, invalidRequest, metadataOf, outputText, partsOf } from './request-content.ts';

type ToolCallPart = Extract<Part, { readonly type: 'tool-call' }>;

/** OpenAI refuses longer ids; some gateways make them, and do not want them back. */
const maxId = 64;

/**
 * The messages of a conversation as the items of an `input`, in their order; system messages stay in their place.
 *
 * What an answer of this format held beside its text goes back as it came; what is of another format is left out.
 *
 * @param isStored Whether the server knows the items of earlier answers by their ids.
 */
export function inputOf(messages: readonly Message[], isStored: boolean): JsonObject[] {
  const custom = new Set(messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content.filter(isCustom).map(idOfCall))));
  return withoutLoneReasoning(messages.flatMap((message) => itemsOf(message, custom, isStored)));
}

function itemsOf(message: Message, custom: ReadonlySet<string>, isStored: boolean): JsonObject[] {
  const { role } = message;
  const items: JsonObject[] = [];
  let said: Part[] = [];
  const flush = (rest: JsonObject = {}): void => {
    if (said.length > 0) items.push(role === 'assistant' ? answerOf(said, rest) : { role, content: contentOf(said) });
    said = [];
  };
  for (const part of partsOf(message)) {
    if (part.type === 'text' || part.type === 'image') {
      if (role === 'tool') throw invalidRequest('a tool message must hold tool results and nothing else');
      if (role === 'assistant' && part.type === 'image') throw invalidRequest('an assistant message cannot hold an image');
      said.push(part);
      const rest = part.type === 'text' ? restOf(part, isStored) : undefined;
      // It comes with the last text of its message.
      if (rest !== undefined) flush(rest);
    } else if (part.type !== 'reasoning') {
      if (part.type === 'tool-call' && role !== 'assistant') throw invalidRequest(`a ${role} message cannot hold a tool call`);
      flush();
      items.push(...itemOf(part, custom, isStored));
    }
  }
  flush();
  if (items.length > 0 || role === 'assistant') return items;
  if (role === 'tool') throw invalidRequest('a tool message must hold tool results and nothing else');
  return [{ role, content: '' }];
}

function itemOf(
  part: Exclude<Part, { readonly type: 'text' | 'image' | 'reasoning' }>,
  custom: ReadonlySet<string>,
  isStored: boolean,
): JsonObject[] {
  switch (part.type) {
    case 'tool-call':
      return [callOf(part, isStored)];
    case 'tool-result': {
      const type = custom.has(part.toolCallId) ? 'custom_tool_call_output' : 'function_call_output';
      return [{ type, call_id: part.toolCallId, output: outputText(part.output) }];
    }
    case 'provider-item': {
      // A server that keeps nothing does not find reasoning by its id.
      const isLost = !isStored && part.item.type === 'reasoning' && typeof part.item.encrypted_content !== 'string';
      return part.format === responsesFormat && !isLost ? [part.item] : [];
    }
  }
}

function callOf(call: ToolCallPart, isStored: boolean): JsonObject {
  const { toolCallId: call_id, toolName: name, input } = call;
  const rest = restOf(call, isStored);
  if (isCustom(call)) return { ...rest, type: 'custom_tool_call', call_id, name, input: outputText(input) };
  return { ...rest, type: 'function_call', call_id, name, arguments: JSON.stringify(input ?? {}) };
}

/** A text that brought nothing along stays a plain text: many compatible servers know nothing else. */
function answerOf(said: readonly Part[], rest: JsonObject): JsonObject {
  const texts = said.map((part) => (part.type === 'text' ? part.text : ''));
  if (Object.keys(rest).length === 0) return { role: 'assistant', content: texts.join('') };
  const content = texts.map((text) => ({ type: 'output_text', text, annotations: [] }));
  return { ...rest, type: 'message', role: 'assistant', status: 'completed', content };
}

function contentOf(said: readonly Part[]): string | JsonObject[] {
  const [first] = said;
  if (said.length === 1 && first?.type === 'text') return first.text;
  return said.flatMap((part): JsonObject[] => {
    if (part.type === 'text') return [{ type: 'input_text', text: part.text }];
    return part.type === 'image' ? [{ type: 'input_image', detail: 'auto', image_url: imageURL(part) }] : [];
  });
}

/** What a part of this format brought along. */
function restOf(
  part: Exclude<Part, { readonly type: 'image' | 'tool-result' | 'provider-item' }>,
  isStored: boolean,
): JsonObject | undefined {
  const metadata = metadataOf(part, responsesFormat);
  if (Object.keys(metadata).length === 0) return undefined;
  const { id, ...rest } = metadata;
  return isStored && typeof id === 'string' && id.length <= maxId ? { id, ...rest } : rest;
}

function isCustom(part: Part): part is ToolCallPart {
  return part.type === 'tool-call' && metadataOf(part, responsesFormat).type === 'custom_tool_call';
}

function idOfCall({ toolCallId }: ToolCallPart): string {
  return toolCallId;
}

/** Reasoning that led to nothing, as of an answer that was cut short, is refused: something that the model said must follow it. */
function withoutLoneReasoning(items: readonly JsonObject[]): JsonObject[] {
  const kept: JsonObject[] = [];
  let leads = false;
  for (const item of items.toReversed()) {
    if (item.type !== 'reasoning') leads = isOfModel(item);
    if (leads) kept.push(item);
    else if (item.type !== 'reasoning') kept.push(item);
  }
  return kept.reverse();
}

function isOfModel({ role, type }: JsonObject): boolean {
  if (typeof role === 'string') return role === 'assistant';
  return typeof type === 'string' && !type.endsWith('_output') && type !== 'mcp_approval_response';
}
