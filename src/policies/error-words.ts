import { isObject, type JsonObject } from '../core/json-value.ts';

/** What a provider says in an error, whatever the shape of its body. */
export interface ErrorWords {
  /** Codes, types and statuses, the most specific first, as they were spelled. */
  readonly words: readonly string[];
  /** An HTTP status that stands in the body. */
  readonly status: number | undefined;
  /** What it says in sentences, joined. */
  readonly message: string | undefined;
  readonly requestId: string | undefined;
  /** The members that were asked for: every value, in the order they stand. */
  readonly members: ReadonlyMap<string, readonly unknown[]>;
}

const maxDepth = 10;
const maxVisited = 64;
const maxMessage = 65_536;

const wordMembers = ['code', 'error_code', 'type', 'status', 'reason', 'finish_reason'] as const;
const messageMembers = ['message', 'msg', 'title'] as const;
const innerMembers = ['error', 'errors', 'detail', 'details', 'innererror', 'metadata', 'raw', 'violations', 'choices'] as const;

/**
 * Reads an error's body: `{error: {…}}`, an error that is a string, a flat object, a `detail` of validation, an array, JSON inside a
 * message, or text.
 *
 * Looks at a bounded part of it, and never throws.
 *
 * @param asked Members to keep by name, for rules that look at them.
 */
export function readErrorWords(body: unknown, asked: readonly string[] = []): ErrorWords {
  const words: string[] = [];
  const types: string[] = [];
  const messages: string[] = [];
  const members = new Map<string, unknown[]>();
  let status: number | undefined;
  let requestId: string | undefined;
  let visited = 0;

  const visit = (value: unknown, depth: number): void => {
    if (depth > maxDepth || ++visited > maxVisited) return;
    if (typeof value === 'string') {
      const inner = parsedJson(value);
      if (inner === undefined) say(value);
      else visit(inner, depth + 1);
    } else if (Array.isArray(value)) {
      for (const each of value.slice(0, 8)) visit(each, depth + 1);
    } else if (isObject(value)) {
      read(value, depth);
    }
  };

  const say = (text: string): void => {
    const message = textOfPage(text).trim();
    if (message !== '' && !messages.includes(message)) messages.push(message.slice(0, maxMessage));
  };

  const read = (object: JsonObject, depth: number): void => {
    for (const member of wordMembers) {
      const word = object[member];
      if (typeof word === 'number') status ??= httpStatus(word);
      if (typeof word === 'number' || (typeof word === 'string' && isTelling(word, member))) {
        if (typeof word === 'string') status ??= httpStatus(Number(word));
        (member === 'type' ? types : words).push(String(word));
      }
    }
    if (typeof object.request_id === 'string') requestId ??= object.request_id.slice(0, 200);
    for (const member of asked) {
      const value = object[member];
      if (value !== undefined) members.set(member, [...(members.get(member) ?? []), value]);
    }
    // Validators say where in the request they found it.
    if (Array.isArray(object.loc)) types.push('validation_error');
    const place = Array.isArray(object.loc)
      ? object.loc.filter((step) => typeof step === 'string' || typeof step === 'number').join('.')
      : '';
    for (const member of messageMembers) {
      const message = object[member];
      if (typeof message === 'string') visit(place && member === 'msg' ? `${place}: ${message}` : message, depth + 1);
      else if (isObject(message) || Array.isArray(message)) visit(message, depth + 1);
    }
    for (const member of innerMembers) if (object[member] !== undefined) visit(object[member], depth + 1);
  };

  visit(body, 0);
  // A code says more than a type, wherever the two stand.
  return { words: [...words, ...types], status, message: messages.join(': ').slice(0, maxMessage) || undefined, requestId, members };
}

/** That an error is an error says nothing, unless the answer itself ended with it. */
function isTelling(word: string, member: string): boolean {
  return word !== '' && word.length <= 200 && (word.toLowerCase() !== 'error' || member === 'finish_reason');
}

function httpStatus(value: number): number | undefined {
  return Number.isInteger(value) && value >= 400 && value < 600 ? value : undefined;
}

function parsedJson(text: string): unknown {
  const start = text.search(/\S/);
  const first = start === -1 ? '' : text.charAt(start);
  if ((first !== '{' && first !== '[') || text.length > 65_536) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of a page in HTML, its title. */
function textOfPage(text: string): string {
  const head = text.slice(0, maxMessage);
  if (!head.trimStart().startsWith('<')) return head;
  return /<title>([^<]{1,200})/i.exec(head)?.[1] ?? head;
}
