import { isItemOfAnswer } from '../endpoint.ts';
import { type Message, type Part, ProviderError, type ProviderMetadata } from '../index.ts';
import { currentParts } from './current-parts.ts';

/** A `UIMessage` of the AI SDK, of any kind of metadata, data parts and tools. */
export interface UIMessageLike {
  readonly id: string;
  readonly role: 'system' | 'user' | 'assistant';
  readonly parts: readonly UIPartLike[];
}

/** One of its parts. */
export interface UIPartLike {
  readonly type: string;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The messages of a chat as those of a request: `{ messages: toMessages(messages) }`.
 *
 * - Images become image parts. A file of another type, and an address that is neither `https:` nor `data:`, is refused.
 * - A tool part becomes the call, and its result as a message of role `tool`. A call that has none yet is left out, because providers refuse a
 *   conversation with one.
 * - Reasoning goes back only with the metadata by which its provider can check it.
 * - What a `data-restart` part has made void, sources, step marks and data parts of your own are left out.
 * - Items of a provider by which a page would speak for somebody, allow a call, or reach what is kept elsewhere are left out.
 *
 * The input may come from a page as it is; nobody has checked what it says about what the model and its tools have said, or who speaks as `system`.
 *
 * @throws ProviderError `invalid-request` that names what is no message; a handler answers 400.
 */
export function toMessages(messages: readonly UIMessageLike[]): Message[] {
  if (!Array.isArray(messages)) throw invalid('messages must be an array');
  return messages.flatMap((message: UIMessageLike, index) => {
    const { role, parts } = (message ?? {}) as Partial<UIMessageLike>;
    const place = `messages[${index}]`;
    if (role !== 'system' && role !== 'user' && role !== 'assistant') throw invalid(`${place}.role must be system, user or assistant`);
    if (!Array.isArray(parts) || !parts.every((part) => isFields(part) && typeof part.type === 'string')) {
      throw invalid(`${place}.parts must be an array of parts`);
    }
    const told = currentParts(parts as readonly (UIPartLike & Fields)[]);
    return role === 'assistant' ? answerOf(told, place) : spoken(role, told, place);
  });
}

function spoken(role: 'system' | 'user', parts: readonly (UIPartLike & Fields)[], place: string): Message[] {
  const content = parts.flatMap((part): Part[] => {
    if (part.type === 'text') return [{ type: 'text', text: textOf(part, place) }];
    return part.type === 'file' ? [imageOf(part, place)] : [];
  });
  return content.length === 0 ? [] : [{ role, content: plain(content) }];
}

function imageOf({ mediaType, url }: Fields, place: string): Part {
  if (typeof mediaType !== 'string' || !mediaType.startsWith('image/'))
    throw invalid(`${place}: files of this type are not taken, only images`);
  if (typeof url !== 'string' || !/^(https:|data:image\/)/i.test(url))
    throw invalid(`${place}: an image needs an https: or a data: address`);
  return { type: 'image', url };
}

/** What the model said, the results of its tools, what it said then, and so on. */
function answerOf(parts: readonly (UIPartLike & Fields)[], place: string): Message[] {
  const messages: Message[] = [];
  let said: Part[] = [];
  let results: Part[] = [];
  const close = (): void => {
    if (said.length > 0) messages.push({ role: 'assistant', content: plain(said) });
    if (results.length > 0) messages.push({ role: 'tool', content: results });
    said = [];
    results = [];
  };
  for (const part of parts) {
    const { type } = part;
    if (type === 'step-start') close();
    else if (type === 'text') {
      const providerMetadata = metadataOf(part.providerMetadata);
      const text = textOf(part, place);
      if (text !== '' || providerMetadata) said.push({ type: 'text', text, ...(providerMetadata && { providerMetadata }) });
    } else if (type === 'reasoning') {
      const providerMetadata = metadataOf(part.providerMetadata);
      if (providerMetadata) said.push({ type: 'reasoning', text: textOf(part, place), providerMetadata });
    } else if (type === 'data-provider-item') {
      const { format, item } = isFields(part.data) ? part.data : {};
      if (typeof format === 'string' && isFields(item) && isItemOfAnswer(item)) said.push({ type: 'provider-item', format, item });
    } else if (type === 'data-message') {
      close();
      messages.push(...takenIn(part.data, place));
    } else if (type === 'dynamic-tool' || type.startsWith('tool-')) {
      const [call, result] = toolTurn(part, place) ?? [];
      if (call && result) {
        said.push(call);
        results.push(result);
      }
    }
  }
  close();
  return messages;
}

/** What the user said while tools ran; whoever may speak as the system is decided by a server. */
function takenIn(message: unknown, place: string): Message[] {
  const { role, content } = isFields(message) ? message : {};
  if (role !== 'user') return [];
  if (typeof content === 'string') return [{ role, content }];
  if (!Array.isArray(content)) throw invalid(`${place}: the content of a message must be a text or an array of parts`);
  return [{ role, content: content.map((part: unknown) => takenInPart(isFields(part) ? part : {}, place)) }];
}

function takenInPart(part: Fields, place: string): Part {
  const { type, text, url, data, mediaType } = part;
  if (type === 'text' && typeof text === 'string') return { type, text };
  if (type !== 'image') throw invalid(`${place}: a message of the user holds texts and images`);
  if (typeof data !== 'string') return imageOf({ mediaType: mediaType ?? 'image/*', url }, place);
  if (typeof mediaType !== 'string' || !mediaType.startsWith('image/')) throw invalid(`${place}: an image needs its type`);
  return { type, data, mediaType };
}

function toolTurn(part: UIPartLike & Fields, place: string): readonly [Part, Part] | undefined {
  const { state, toolCallId, input, rawInput, output, errorText, approval, preliminary } = part;
  const toolName = part.type === 'dynamic-tool' ? part.toolName : part.type.slice('tool-'.length);
  if (typeof toolCallId !== 'string' || typeof toolName !== 'string') throw invalid(`${place}: a tool part needs toolCallId and a name`);
  const providerMetadata = metadataOf(part.callProviderMetadata);
  const call: Part = {
    type: 'tool-call',
    toolCallId,
    toolName,
    input: input ?? rawInput ?? {},
    ...(providerMetadata && { providerMetadata }),
  };
  const result = { type: 'tool-result', toolCallId, toolName } as const;
  if (state === 'output-available' && preliminary !== true) return [call, { ...result, output: output ?? null }];
  if (state === 'output-error') return [call, { ...result, output: typeof errorText === 'string' ? errorText : 'failed', isError: true }];
  if (state !== 'output-denied') return undefined;
  const { reason } = isFields(approval) ? approval : {};
  return [call, { ...result, output: typeof reason === 'string' ? reason : 'The user has denied this call.', isError: true }];
}

/** Without what is ours alone. */
function metadataOf(value: unknown): ProviderMetadata | undefined {
  if (!isFields(value)) return undefined;
  const entries = Object.entries(value).filter(([format, metadata]) => format !== 'steadystream' && isFields(metadata));
  return entries.length > 0 ? (Object.fromEntries(entries) as ProviderMetadata) : undefined;
}

function textOf({ text }: Fields, place: string): string {
  if (typeof text !== 'string') throw invalid(`${place}: the text of a part must be a string`);
  return text;
}

function plain(parts: readonly Part[]): string | readonly Part[] {
  const [first] = parts;
  return parts.length === 1 && first?.type === 'text' && first.providerMetadata === undefined ? first.text : parts;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(reason: string): ProviderError {
  return new ProviderError({ category: 'invalid-request', phase: 'local', retryable: false, reason });
}
