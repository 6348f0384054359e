import type { Message, Part, ResponseFormat, StreamRequest, ToolChoice } from '../core/request.ts';
import { refuseUnsupported } from './openai-features.ts';
import type { OpenAIPreset } from './openai-preset.ts';
import { imageURL, invalidRequest, metadataOf, outputText, partsOf } from './request-content.ts';
import { nineLetters } from './tool-call-id.ts';
import { messagesOfToolTurns } from './tool-turns.ts';

/**
 * The body of a chat completion, as the server wants it.
 *
 * Throws an `invalid-request` for what it cannot do.
 */
export function openaiBody(request: StreamRequest, server: OpenAIPreset): object {
  refuseUnsupported(request, server);
  const { reasoningEffort: effort, maxOutputTokens, seed, metadata } = request;
  const { ignored = [], streamOptions = { include_usage: true } } = server;
  const toolTurns = messagesOfToolTurns(request.messages);
  const tools = request.tools?.length ? request.tools : undefined;
  const messages = request.messages.flatMap((message) => messagesOf(message, toolTurns.has(message), server));
  const last = messages.at(-1);
  const prefill = last?.role === 'assistant' ? server.prefill : undefined;
  if (last && prefill?.message) messages[messages.length - 1] = { ...last, ...prefill.message };
  return {
    model: request.model,
    messages,
    tools: tools?.map(({ name, description, inputSchema }) => ({
      type: 'function',
      function: { name, description, parameters: inputSchema },
    })),
    tool_choice: tools && request.toolChoice && toolChoiceOf(request.toolChoice, server),
    temperature: request.temperature,
    [server.maxTokens ?? 'max_tokens']: maxOutputTokens,
    stop: request.stop?.length ? request.stop : undefined,
    [server.seed ?? 'seed']: ignored.includes('seed') ? undefined : seed,
    ...(effort && (server.reasoningEffort?.[effort] ?? { reasoning_effort: effort })),
    response_format: request.responseFormat && responseFormatOf(request.responseFormat),
    metadata: ignored.includes('metadata') ? undefined : metadata,
    stream: true,
    stream_options: streamOptions || undefined,
    ...prefill?.body,
  };
}

/** A message of the body. */
interface ChatMessage {
  readonly role: Message['role'];
}

function messagesOf(message: Message, isOfToolTurn: boolean, server: OpenAIPreset): ChatMessage[] {
  const parts = partsOf(message);
  // Results come first: they must follow the calls that they answer.
  const messages: (ChatMessage & Record<string, unknown>)[] = parts.flatMap((part) =>
    part.type === 'tool-result' ? [{ role: 'tool', tool_call_id: idOf(part, server), content: outputText(part.output) }] : [],
  );
  const content = parts.filter((part) => part.type === 'text' || part.type === 'image');
  const calls = parts.filter((part) => part.type === 'tool-call');
  if (message.role === 'tool') {
    if (content.length > 0 || calls.length > 0 || messages.length === 0) {
      throw invalidRequest('a tool message must hold tool results and nothing else');
    }
    return messages;
  }
  if (message.role === 'assistant') {
    if (content.some((part) => part.type === 'image')) throw invalidRequest('an assistant message cannot hold an image');
    const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('');
    const more = membersOf(message, isOfToolTurn, server);
    if (calls.length > 0) {
      const tool_calls = calls.map((call) => toolCallOf(call, server));
      messages.push({ role: 'assistant', content: text || null, ...more, tool_calls });
    } else if (text !== '' || Object.keys(more).length > 0 || (parts.length === 0 && messages.length === 0)) {
      // An answer of which nothing goes back, as one of reasoning alone, is left out.
      messages.push({ role: 'assistant', content: text, ...more });
    }
    return messages;
  }
  if (calls.length > 0) throw invalidRequest(`a ${message.role} message cannot hold a tool call`);
  if (content.length > 0 || messages.length === 0) messages.push({ role: message.role, content: contentOf(content) });
  return messages;
}

/** What of an answer goes back beside its text and its calls. */
function membersOf({ content }: Message, isOfToolTurn: boolean, { reasoning, sendBack = [] }: OpenAIPreset): object {
  const members: Record<string, unknown> = {};
  if (typeof content === 'string') return members;
  const thought = content.map((part) => (part.type === 'reasoning' ? part.text : '')).join('');
  if (reasoning !== undefined && isOfToolTurn && thought !== '') members[reasoning] = thought;
  for (const part of content) {
    if (part.type !== 'reasoning' && part.type !== 'text') continue;
    const metadata = metadataOf(part, 'openai');
    for (const member of sendBack) if (metadata[member] !== undefined) members[member] = metadata[member];
  }
  return members;
}

/** One text stays a plain text: many compatible servers know nothing else. */
function contentOf(parts: readonly Part[]): string | object[] {
  const [first] = parts;
  if (first === undefined) return '';
  if (parts.length === 1 && first.type === 'text') return first.text;
  return parts.flatMap((part): object[] => {
    if (part.type === 'text') return [{ type: 'text', text: part.text }];
    return part.type === 'image' ? [{ type: 'image_url', image_url: { url: imageURL(part) } }] : [];
  });
}

function toolCallOf(call: Extract<Part, { readonly type: 'tool-call' }>, server: OpenAIPreset): object {
  const { type, extra_content } = metadataOf(call, 'openai');
  const { toolName: name, input } = call;
  return {
    id: idOf(call, server),
    ...(type === 'custom'
      ? { type, custom: { name, input: outputText(input) } }
      : { type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } }),
    ...(extra_content !== undefined && server.sendBack?.includes('extra_content') && { extra_content }),
  };
}

/** An id as the server takes it: a conversation may have begun with another provider, that makes longer ones. */
function idOf({ toolCallId }: { readonly toolCallId: string }, { nineLetterIds }: OpenAIPreset): string {
  return nineLetterIds && !/^[a-zA-Z0-9]{9}$/.test(toolCallId) ? nineLetters(toolCallId) : toolCallId;
}

function toolChoiceOf(choice: ToolChoice, { requiredToolChoice = 'required' }: OpenAIPreset): unknown {
  if (typeof choice !== 'string') return { type: 'function', function: { name: choice.toolName } };
  return choice === 'required' ? requiredToolChoice : choice;
}

function responseFormatOf(format: ResponseFormat): object {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json') return { type: 'json_object' };
  return { type: 'json_schema', json_schema: { name: format.name, schema: format.schema, strict: true } };
}
