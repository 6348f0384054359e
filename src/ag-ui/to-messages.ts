import { type Message, type Part, ProviderError, type ToolDefinition } from '../index.ts';
import { decrypted, isFields } from './encrypted-value.ts';
import type { AgUiMessage, AgUiTool } from './run-agent-input.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The messages of a run as those of a request: `{ messages: toMessages(messages), tools: toTools(tools) }`.
 *
 * - Images become image parts; other media are refused, as are addresses that are neither `https:` nor `data:`.
 * - A call that has no result yet is left out, because providers refuse a conversation with one.
 * - Reasoning goes back only with the encrypted value by which its provider can check it. Activities are left out.
 *
 * The input may come from a client as it is. Messages of role `system` and `developer` are taken as they are: leave them out where clients may not
 * say them.
 *
 * @throws ProviderError `invalid-request` that names what is no message; a handler answers 400.
 */
export function toMessages(messages: readonly AgUiMessage[]): Message[] {
  const told: { role: Message['role']; parts: Part[] }[] = [];
  const answered = new Set(messages.flatMap((message) => (message.role === 'tool' ? [(message as unknown as Fields).toolCallId] : [])));
  const names = new Map<unknown, string>();
  const tell = (role: Message['role'], parts: readonly Part[]): void => {
    const last = told.at(-1);
    const isOne = last?.role === role && (role === 'assistant' || role === 'tool');
    // One by one: a page may send more of them than a call takes arguments.
    if (isOne) for (const part of parts) last.parts.push(part);
    else if (parts.length > 0) told.push({ role, parts: [...parts] });
  };
  for (const [index, message] of messages.entries()) {
    const fields = message as unknown as Fields;
    const place = `messages[${index}]`;
    switch (message.role) {
      case 'system':
      case 'developer':
        tell('system', contentOf(fields.content, place));
        break;
      case 'user':
        tell('user', contentOf(fields.content, place));
        break;
      case 'reasoning': {
        const { providerMetadata, providerItem } = decrypted(fields.encryptedValue);
        if (providerItem) tell('assistant', [providerItem]);
        if (providerMetadata) tell('assistant', [{ type: 'reasoning', text: String(fields.content ?? ''), providerMetadata }]);
        break;
      }
      case 'assistant': {
        const { providerMetadata } = decrypted(fields.encryptedValue);
        const texts = contentOf(fields.content ?? '', place);
        tell('assistant', providerMetadata ? texts.map((part) => ({ ...part, providerMetadata }) as Part) : texts);
        const calls = callsOf(fields.toolCalls, place);
        for (const call of calls) names.set(call.toolCallId, call.toolName);
        tell(
          'assistant',
          calls.filter(({ toolCallId }) => answered.has(toolCallId)),
        );
        break;
      }
      case 'tool': {
        const { toolCallId, content, error, metadata } = fields;
        const toolName = names.get(toolCallId);
        // The result of a call that nobody knows is no part of the conversation.
        if (toolName === undefined || typeof toolCallId !== 'string') break;
        const isError = error !== undefined || (isFields(metadata) && metadata.isError === true);
        const output = typeof error === 'string' ? error : outputOf(content, place);
        tell('tool', [{ type: 'tool-result', toolCallId, toolName, output, ...(isError && { isError }) }]);
        break;
      }
      case 'activity':
        break;
      default:
        throw invalid(`${place}.role is none that is known`);
    }
  }
  return told.map(({ role, parts }) => ({ role, content: plain(parts) }));
}

/** The tools that a client runs as those of a request. */
export function toTools(tools: readonly AgUiTool[] = []): ToolDefinition[] {
  return tools.map(({ name, description, parameters }) => ({
    name,
    ...(description !== undefined && { description }),
    inputSchema: isFields(parameters) ? parameters : { type: 'object', properties: {} },
  }));
}

function contentOf(content: unknown, place: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw invalid(`${place}.content must be a text or an array of parts`);
  return content.map((part: unknown) => partOf(part, place));
}

function partOf(part: unknown, place: string): Part {
  const { type, text, source } = isFields(part) ? part : {};
  if (type === 'text' && typeof text === 'string') return { type, text };
  const { type: kind, value, mimeType } = isFields(source) ? source : {};
  if (type !== 'image' || typeof value !== 'string') throw invalid(`${place}: only texts and images are taken`);
  if (kind === 'data') {
    const mediaType = mimeType ?? 'image/png';
    if (typeof mediaType !== 'string' || !mediaType.startsWith('image/')) throw invalid(`${place}: only texts and images are taken`);
    return { type, data: value, mediaType };
  }
  if (!/^(https:|data:image\/)/i.test(value)) throw invalid(`${place}: an image needs an https: or a data: address`);
  return { type, url: value };
}

function callsOf(calls: unknown, place: string): Extract<Part, { readonly type: 'tool-call' }>[] {
  if (calls === undefined || calls === null) return [];
  if (!Array.isArray(calls)) throw invalid(`${place}.toolCalls must be an array`);
  return calls.map((call: unknown) => {
    const { id, function: called, encryptedValue } = isFields(call) ? call : {};
    const { name, arguments: input } = isFields(called) ? called : {};
    if (typeof id !== 'string' || typeof name !== 'string') throw invalid(`${place}: a call needs an id and the name of a function`);
    const { providerMetadata } = decrypted(encryptedValue);
    return { type: 'tool-call', toolCallId: id, toolName: name, input: parsed(input), ...(providerMetadata && { providerMetadata }) };
  });
}

function outputOf(content: unknown, place: string): unknown {
  return typeof content === 'string'
    ? content
    : contentOf(content, place)
        .map((part) => (part.type === 'text' ? part.text : `[${part.type}]`))
        .join('');
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return {};
  }
}

function plain(parts: readonly Part[]): string | readonly Part[] {
  const [first] = parts;
  return parts.length === 1 && first?.type === 'text' && first.providerMetadata === undefined ? first.text : parts;
}

function invalid(reason: string): ProviderError {
  return new ProviderError({ category: 'invalid-request', phase: 'local', retryable: false, reason });
}
