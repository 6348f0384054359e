import { isObject } from '../core/json-value.ts';
import type { Message, Part } from '../core/request.ts';
import { imageSource, invalidRequest, metadataOf } from './request-content.ts';

type GeminiPart = Readonly<Record<string, unknown>>;

/** One turn of a conversation. */
export interface GeminiContent {
  readonly role: 'user' | 'model';
  readonly parts: GeminiPart[];
}

const last = Number.MAX_SAFE_INTEGER;
/** What Google has for calls that another model made: from Gemini 3 on, the first call of a turn without a signature is refused. */
const foreignSignature = 'skip_thought_signature_validator';
const imageTypes = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['webp', 'image/webp'],
  ['gif', 'image/gif'],
  ['heic', 'image/heic'],
  ['heif', 'image/heif'],
]);

/** The system messages, whatever their place. */
export function systemInstructionOf(messages: readonly Message[]): object | undefined {
  const parts = messages.flatMap((message, index) => {
    if (message.role !== 'system') return [];
    if (typeof message.content === 'string') return message.content === '' ? [] : [{ text: message.content }];
    return message.content.map((part) => {
      if (part.type === 'text') return { text: part.text };
      throw invalidRequest(`messages.${index} must hold text alone, as a system message`);
    });
  });
  return parts.length > 0 ? { parts } : undefined;
}

/** Turns the messages of a conversation into contents, one side after the other. */
export class GeminiContents {
  readonly #contents: GeminiContent[] = [];
  readonly #needsSignature: boolean;
  /** Of each tool call: its place among all, and the id that Gemini gave it. */
  readonly #calls = new Map<string, { readonly rank: number; readonly ownId: unknown }>();
  readonly #ranks = new Map<GeminiPart, number>();

  /** @param needsSignature Whether the model refuses tool calls without a signature. */
  constructor(messages: readonly Message[], needsSignature: boolean) {
    this.#needsSignature = needsSignature;
    for (const [index, message] of messages.entries()) this.#add(message, `messages.${index}.content`);
  }

  /** Results stand first in their turn, in the order of their calls: by that, calls that have no id are told apart. */
  read(): GeminiContent[] {
    const rank = (part: GeminiPart): number => this.#ranks.get(part) ?? last;
    for (const { role, parts } of this.#contents) if (role === 'user') parts.sort((one, other) => rank(one) - rank(other));
    return this.#contents;
  }

  #add({ role, content }: Message, place: string): void {
    if (role === 'system') return;
    const side = role === 'assistant' ? 'model' : 'user';
    const given: readonly Part[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const parts = given.flatMap((part, index) => this.#partsOf(part, typeof content === 'string' ? place : `${place}.${index}`));
    if (parts.length === 0) return;
    if (side === 'model' && this.#needsSignature) signFirstCall(parts);
    const before = this.#contents.at(-1);
    if (before?.role === side) before.parts.push(...parts);
    else this.#contents.push({ role: side, parts });
  }

  /** A part as Gemini's; none for what another provider wrote, which this one could not check. */
  #partsOf(part: Part, place: string): GeminiPart[] {
    switch (part.type) {
      case 'text': {
        const signature = signatureOf(part);
        return part.text === '' && !('thoughtSignature' in signature) ? [] : [{ text: part.text, ...signature }];
      }
      case 'reasoning': {
        const signature = signatureOf(part);
        return 'thoughtSignature' in signature ? [{ text: part.text, thought: true, ...signature }] : [];
      }
      case 'image':
        return [imagePartOf(part, place)];
      case 'tool-call':
        return [this.#callOf(part, place)];
      case 'tool-result':
        return [this.#resultOf(part)];
      case 'provider-item':
        return part.format === 'gemini' ? [part.item] : [];
    }
  }

  #callOf(part: Extract<Part, { readonly type: 'tool-call' }>, place: string): GeminiPart {
    const args = part.input ?? {};
    if (!isObject(args)) throw invalidRequest(`${place}.input must be an object: Gemini knows no other arguments`);
    const { id } = metadataOf(part, 'gemini');
    this.#calls.set(part.toolCallId, { rank: this.#calls.size, ownId: id });
    return { functionCall: { ...(typeof id === 'string' && { id }), name: part.toolName, args }, ...signatureOf(part) };
  }

  /** An id goes back only if it is Gemini's own: some endpoints know none, and refuse them. */
  #resultOf(part: Extract<Part, { readonly type: 'tool-result' }>): GeminiPart {
    const call = this.#calls.get(part.toolCallId);
    const response = { [part.isError ? 'error' : 'output']: part.output ?? null };
    const id = typeof call?.ownId === 'string' && { id: call.ownId };
    const result = { functionResponse: { ...id, name: part.toolName, response } };
    this.#ranks.set(result, call?.rank ?? last - 1);
    return result;
  }
}

function signatureOf(part: Extract<Part, { readonly type: 'text' | 'reasoning' | 'tool-call' }>): { readonly thoughtSignature?: string } {
  const { thoughtSignature } = metadataOf(part, 'gemini');
  return typeof thoughtSignature === 'string' ? { thoughtSignature } : {};
}

function signFirstCall(parts: GeminiPart[]): void {
  const index = parts.findIndex((part) => 'functionCall' in part);
  const call = parts[index];
  if (call && !('thoughtSignature' in call)) parts[index] = { ...call, thoughtSignature: foreignSignature };
}

function imagePartOf(part: Extract<Part, { readonly type: 'image' }>, place: string): GeminiPart {
  const { url, ...source } = imageSource(part);
  if (url === undefined) {
    const { mediaType, data } = source as Extract<typeof source, { readonly mediaType: string }>;
    return { inlineData: { mimeType: mediaType, data } };
  }
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address?.protocol !== 'https:' && address?.protocol !== 'gs:') {
    throw invalidRequest(`${place}.url must begin with https:// or gs:// for Gemini to read it, or be a data: URL`);
  }
  const extension = /\.([a-z]+)$/i.exec(address.pathname)?.[1]?.toLowerCase() ?? '';
  const mimeType = imageTypes.get(extension);
  // Of its own files Google knows the type.
  if (mimeType === undefined && address.hostname !== 'generativelanguage.googleapis.com') {
    throw invalidRequest(`${place}.url must end in ${[...imageTypes.keys()].join(', ')}: Gemini wants to be told the type of an image`);
  }
  return { fileData: { ...(mimeType && { mimeType }), fileUri: url } };
}
