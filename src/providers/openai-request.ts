import type { Message, Part, ResponseFormat, StreamRequest, ToolChoice } from '../core/request.ts';
import { imageURL, invalidRequest, outputText, partsOf } from './request-content.ts';

/**
 * The body of a chat completion.
 *
 * @param official Whether it goes to OpenAI itself, whose newer members other servers refuse.
 */
export function openaiBody(request: StreamRequest, official: boolean): object {
  const tools = request.tools?.length ? request.tools : undefined;
  return {
    model: request.model,
    messages: request.messages.flatMap(messagesOf),
    tools: tools?.map(({ name, description, inputSchema }) => ({
      type: 'function',
      function: { name, description, parameters: inputSchema },
    })),
    tool_choice: tools && request.toolChoice && toolChoiceOf(request.toolChoice),
    temperature: request.temperature,
    [official ? 'max_completion_tokens' : 'max_tokens']: request.maxOutputTokens,
    stop: request.stop?.length ? request.stop : undefined,
    seed: request.seed,
    reasoning_effort: request.reasoningEffort,
    response_format: request.responseFormat && responseFormatOf(request.responseFormat),
    metadata: request.metadata,
    stream: true,
    // Obfuscation pads every chunk with noise of another length.
    stream_options: official ? { include_usage: true, include_obfuscation: false } : { include_usage: true },
  };
}

function messagesOf(message: Message): object[] {
  const parts = partsOf(message);
  // Results come first: they must follow the calls that they answer.
  const messages: object[] = parts.flatMap((part) =>
    part.type === 'tool-result' ? [{ role: 'tool', tool_call_id: part.toolCallId, content: outputText(part.output) }] : [],
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
    if (calls.length > 0) messages.push({ role: 'assistant', content: text || null, tool_calls: calls.map(toolCallOf) });
    else if (text !== '' || messages.length === 0) messages.push({ role: 'assistant', content: text });
    return messages;
  }
  if (calls.length > 0) throw invalidRequest(`a ${message.role} message cannot hold a tool call`);
  if (content.length > 0 || messages.length === 0) messages.push({ role: message.role, content: contentOf(content) });
  return messages;
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

function toolCallOf(call: Extract<Part, { readonly type: 'tool-call' }>): object {
  return { id: call.toolCallId, type: 'function', function: { name: call.toolName, arguments: JSON.stringify(call.input ?? {}) } };
}

function toolChoiceOf(choice: ToolChoice): unknown {
  return typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.toolName } };
}

function responseFormatOf(format: ResponseFormat): object {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json') return { type: 'json_object' };
  return { type: 'json_schema', json_schema: { name: format.name, schema: format.schema, strict: true } };
}
