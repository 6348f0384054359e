import type { Message, Part, ProviderMetadata } from './request.ts';

/** A piece of an answer, in the order of arrival. Text is not in it, only where it begins: what follows is appended without touching it. */
type Piece =
  | {
      readonly type: 'text' | 'reasoning';
      readonly id: string;
      /** In the whole text, or the whole reasoning, of the answer. */
      readonly start: number;
      readonly providerMetadata?: ProviderMetadata | undefined;
    }
  | OtherPart
  | TakenIn;

type OtherPart = Exclude<Part, { readonly type: 'text' | 'reasoning' | 'image' }>;

/** What somebody else said in between. */
interface TakenIn {
  readonly type: 'message';
  readonly message: Message;
}

/** A list that only grows at its end, so that whoever holds an end holds the list as it was. */
export interface AnswerParts {
  readonly before: AnswerParts | undefined;
  readonly piece: Piece;
  readonly count: number;
}

/** The whole text and reasoning of an answer; of very long ones only the end is there. */
export interface AnswerTexts {
  readonly text: string;
  readonly reasoning: string;
  /** How long they were with what is gone. */
  readonly lengths: { readonly text: number; readonly reasoning: number };
}

/** An answer that changes its kind of content more often is kept, but no longer told apart from here on. */
const maxParts = 4_096;

/** Puts a piece at the end. */
export function appendPart(parts: AnswerParts | undefined, piece: Piece): AnswerParts | undefined {
  const count = (parts?.count ?? 0) + 1;
  return count > maxParts && (piece.type === 'text' || piece.type === 'reasoning') ? parts : { before: parts, piece, count };
}

/** Text or reasoning begins at `start`, or goes on: then nothing changes but the metadata that came with it. */
export function continueText(
  parts: AnswerParts | undefined,
  type: 'text' | 'reasoning',
  delta: { readonly id: string; readonly providerMetadata?: ProviderMetadata | undefined },
  start: number,
): AnswerParts | undefined {
  const { id, providerMetadata } = delta;
  const last = parts?.piece;
  if (parts === undefined || last?.type !== type || last.id !== id) {
    return appendPart(parts, { type, id, start, ...(providerMetadata && { providerMetadata }) });
  }
  if (providerMetadata === undefined) return parts;
  const piece: Piece = { ...last, providerMetadata: mergeMetadata(last.providerMetadata, providerMetadata) };
  return { before: parts.before, piece, count: parts.count };
}

/** The answer as messages: what the model said, the results of its tools, what it said then, and so on. */
export function messagesOf(parts: AnswerParts | undefined, texts: AnswerTexts): Message[] {
  const messages: Message[] = [];
  let open: Part[] = [];
  let openRole: Message['role'] | undefined;
  const close = (): void => {
    if (openRole !== undefined) messages.push({ role: openRole, content: plainText(open) ?? open });
    open = [];
    openRole = undefined;
  };
  for (const part of partsOf(parts, texts)) {
    const role = part.type === 'message' ? undefined : part.type === 'tool-result' ? 'tool' : 'assistant';
    if (role !== openRole) close();
    openRole = role;
    if (part.type === 'message') messages.push(part.message);
    else open.push(part);
  }
  close();
  return messages;
}

function partsOf(parts: AnswerParts | undefined, texts: AnswerTexts): (Part | TakenIn)[] {
  const told: (Part | TakenIn)[] = [];
  const ends = { ...texts.lengths };
  for (let node = parts; node !== undefined; node = node.before) {
    const { piece } = node;
    if ('start' in piece) {
      const { type, start, providerMetadata } = piece;
      const text = cut(texts[type], texts.lengths[type], start, ends[type]);
      ends[type] = start;
      // A part that holds neither has nothing to go back.
      if (text !== '' || providerMetadata) tell(told, { type, text, ...(providerMetadata && { providerMetadata }) });
    } else {
      told.push(piece);
    }
  }
  return told.reverse();
}

/** Puts a part before those told; texts that nothing tells apart are one. */
function tell(told: (Part | TakenIn)[], part: Extract<Part, { readonly type: 'text' | 'reasoning' }>): void {
  const next = told.at(-1);
  const isOne = part.type === 'text' && next?.type === 'text' && !part.providerMetadata && !next.providerMetadata;
  if (isOne) told[told.length - 1] = { type: 'text', text: part.text + next.text };
  else told.push(part);
}

/** From `start` to `end` of a text whose beginning may be gone. The whole is given as it is: to cut it would copy it. */
function cut(text: string, length: number, start: number, end: number): string {
  const gone = length - text.length;
  return start <= gone && end === length ? text : text.slice(Math.max(0, start - gone), Math.max(0, end - gone));
}

function plainText(parts: readonly Part[]): string | undefined {
  const [first] = parts;
  return parts.length === 1 && first?.type === 'text' && first.providerMetadata === undefined ? first.text : undefined;
}

function mergeMetadata(known: ProviderMetadata | undefined, told: ProviderMetadata): ProviderMetadata {
  const merged: Record<string, Readonly<Record<string, unknown>>> = { ...known };
  for (const [format, metadata] of Object.entries(told)) merged[format] = { ...merged[format], ...metadata };
  return merged;
}
