import { defaults } from '../core/defaults.ts';
import type { JsonObject } from '../core/json-value.ts';
import type { Message, Part, StreamRequest, ToolChoice } from '../core/request.ts';
import { imageSource, invalidRequest, metadataOf, outputText, partsOf } from './request-content.ts';
import { nineLetters } from './tool-call-id.ts';

const jsonOnly = 'Answer with one JSON value and nothing else.';
/** What the API takes at most; more is sent as this. */
const maxTemperature = 1;
const efforts = { none: undefined, minimal: 'low', low: 'low', medium: 'medium', high: 'high' } as const;

type Block = Readonly<Record<string, unknown>>;
type Turn = { readonly role: 'user' | 'assistant'; readonly content: Block[] };

/**
 * The body of a message.
 *
 * System messages move to `system`, whatever their place. `seed` has no counterpart and is left out; of `metadata`, `user_id` is all there is.
 * Parts of an answer go back as they came, in their order: thinking with its signature, text with its citations, and what is the provider's own.
 */
export function anthropicBody(request: StreamRequest): object {
  const tools = request.tools?.length ? request.tools : undefined;
  const format = request.responseFormat;
  const userId = request.metadata?.user_id ?? request.metadata?.userId;
  const config = {
    effort: request.reasoningEffort && efforts[request.reasoningEffort],
    format: format?.type === 'json-schema' ? { type: 'json_schema', schema: format.schema } : undefined,
  };
  return {
    model: request.model,
    max_tokens: request.maxOutputTokens ?? defaults.request.maxOutputTokens,
    system: systemOf(request),
    messages: turnsOf(request.messages),
    tools: tools?.map(({ name, description, inputSchema }) => ({ name, description, input_schema: schemaOf(inputSchema) })),
    tool_choice: tools && request.toolChoice && toolChoiceOf(request.toolChoice),
    temperature: request.temperature === undefined ? undefined : Math.min(request.temperature, maxTemperature),
    thinking: request.reasoningEffort === 'none' ? { type: 'disabled' } : undefined,
    stop_sequences: request.stop?.length ? request.stop : undefined,
    output_config: config.effort || config.format ? config : undefined,
    metadata: userId === undefined ? undefined : { user_id: userId },
    stream: true,
  };
}

function systemOf(request: StreamRequest): string | Block[] | undefined {
  const blocks = request.messages.filter((message) => message.role === 'system').flatMap(blocksOf);
  // The API has no mode for JSON without a schema.
  if (request.responseFormat?.type === 'json') blocks.push({ type: 'text', text: jsonOnly });
  if (blocks.length === 0) return undefined;
  return contentOf(blocks);
}

/** One turn after the other: messages of one side are joined, for the results of tools must stand in the one turn after their calls. */
function turnsOf(messages: readonly Message[]): object[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    if (message.role === 'system') continue;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const blocks = blocksOf(message);
    const results = blocks.filter((block) => block.type === 'tool_result');
    const ordered = [...results, ...blocks.filter((block) => block.type !== 'tool_result')];
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...ordered);
    else if (ordered.length > 0) turns.push({ role, content: ordered });
  }
  if (turns.length === 0)
    throw invalidRequest('messages must hold something to answer: nothing is left of them beside the system messages');
  trimPrefill(turns.at(-1));
  return turns.map(({ role, content }) => ({ role, content: contentOf(content) }));
}

/** An answer to be continued must not end in white space. */
function trimPrefill(turn: Turn | undefined): void {
  const block = turn?.role === 'assistant' ? turn.content.at(-1) : undefined;
  if (turn !== undefined && typeof block?.text === 'string')
    turn.content[turn.content.length - 1] = { ...block, text: block.text.trimEnd() };
}

function contentOf(blocks: Block[]): string | Block[] {
  const [first] = blocks;
  return blocks.length === 1 && typeof first?.text === 'string' && first.citations === undefined ? first.text : blocks;
}

/** A message as blocks. Text of nothing but white space is refused, and left out. */
function blocksOf(message: Message): Block[] {
  return partsOf(message)
    .flatMap(blocksOfPart)
    .filter(({ type, text }) => type !== 'text' || typeof text !== 'string' || text.trim() !== '');
}

/** A part as blocks; none for what another provider wrote, which this one could not check. */
function blocksOfPart(part: Part): Block[] {
  switch (part.type) {
    case 'text':
      return [textBlockOf(part)];
    case 'image':
      return [imageBlockOf(part)];
    case 'tool-call':
      return [{ type: 'tool_use', id: idOf(part), name: part.toolName, input: part.input ?? {} }];
    case 'tool-result':
      return [
        {
          type: 'tool_result',
          tool_use_id: idOf(part),
          content: outputText(part.output),
          ...(part.isError && { is_error: true }),
        },
      ];
    case 'reasoning': {
      const { signature } = metadataOf(part, 'anthropic');
      return typeof signature === 'string' && signature !== '' ? [{ type: 'thinking', thinking: part.text, signature }] : [];
    }
    case 'provider-item':
      return part.format === 'anthropic' ? [part.item] : [];
  }
}

/** An id as the API takes it: a conversation may have begun with another provider, that makes them of other characters. */
function idOf({ toolCallId }: { readonly toolCallId: string }): string {
  return /^[a-zA-Z0-9_-]+$/.test(toolCallId) ? toolCallId : nineLetters(toolCallId);
}

/** The API asks for the type, the only one that an input can have. */
function schemaOf(inputSchema: JsonObject): JsonObject {
  return inputSchema.type === undefined ? { ...inputSchema, type: 'object' } : inputSchema;
}

function textBlockOf(part: Extract<Part, { readonly type: 'text' }>): Block {
  const { citations } = metadataOf(part, 'anthropic');
  return { type: 'text', text: part.text, ...(Array.isArray(citations) && { citations }) };
}

function imageBlockOf(part: Extract<Part, { readonly type: 'image' }>): Block {
  const { url, ...source } = imageSource(part);
  if (url !== undefined) return { type: 'image', source: { type: 'url', url } };
  const { data, mediaType } = source as Extract<typeof source, { readonly mediaType: string }>;
  return { type: 'image', source: { type: 'base64', media_type: mediaType, data } };
}

function toolChoiceOf(choice: ToolChoice): object {
  if (typeof choice !== 'string') return { type: 'tool', name: choice.toolName };
  return { type: choice === 'required' ? 'any' : choice };
}
