import { isObject, type JsonObject } from '../core/json-value.ts';
import type { Hole } from '../policies/message-template.ts';

interface Place {
  readonly start: number;
  readonly end: number;
  readonly kind: Hole;
}

/** A message taken apart where it may vary. */
export interface SplitMessage {
  /** One more than there are holes. */
  readonly pieces: readonly string[];
  readonly kinds: readonly Hole[];
}

/**
 * Takes the JSON of a message apart at its text, and at the values of its top-level members of those names; `undefined` if one of the places
 * cannot be told for certain.
 *
 * A place is certain if the message, parsed with something else there, has that something where the text is read, or as the member.
 */
export function splitAtHoles(
  data: string,
  text: string,
  read: (parsed: unknown) => unknown,
  names: Iterable<string>,
  parsed: JsonObject,
): SplitMessage | undefined {
  const places = [placeOfText(data, text, read)];
  for (const name of names) if (parsed[name] !== undefined) places.push(placeOfMember(data, name, parsed[name]));
  const found = places.filter((place) => place !== undefined).sort((one, other) => one.start - other.start);
  if (found.length < places.length) return undefined;
  const pieces: string[] = [];
  let start = 0;
  for (const place of found) {
    // Two holes in one place: the text is also the member.
    if (place.start < start) return undefined;
    pieces.push(data.slice(start, place.start));
    start = place.end;
  }
  pieces.push(data.slice(start));
  return { pieces, kinds: found.map(({ kind }) => kind) };
}

function placeOfText(data: string, text: string, read: (parsed: unknown) => unknown): Place | undefined {
  const token = JSON.stringify(text);
  const kind = 'text';
  const places = [data.indexOf(token), data.lastIndexOf(token)].map((at) => ({ start: at + 1, end: at + token.length - 1, kind }) as const);
  return places.find((place) => place.start > 0 && isReadAt(data, place, read));
}

function placeOfMember(data: string, name: string, value: unknown): Place | undefined {
  const key = `${JSON.stringify(name)}:`;
  const token = JSON.stringify(value);
  const kind: Hole | undefined = typeof value === 'string' ? 'string' : typeof value === 'number' ? 'number' : undefined;
  if (kind === undefined) return undefined;
  const quotes = kind === 'string' ? 1 : 0;
  const places = [data.indexOf(key), data.lastIndexOf(key)].map((at): Place & { readonly at: number } => {
    let start = at + key.length;
    while (data.charCodeAt(start) === 32) start++;
    return { at, start: start + quotes, end: start + token.length - quotes, kind };
  });
  const isMember = (place: Place): boolean => isReadAt(data, place, (parsed) => (isObject(parsed) ? parsed[name] : undefined));
  return places.find((place) => place.at !== -1 && data.startsWith(token, place.start - quotes) && isMember(place));
}

/** Whether a value is what stands at a place: reads as what is put there instead. */
function isReadAt(data: string, { start, end, kind }: Place, read: (parsed: unknown) => unknown): boolean {
  // Longer than all the rest, so that nothing but this very string can read as it.
  const marker = 'm'.repeat(data.length + 1);
  try {
    return read(JSON.parse(data.slice(0, start) + (kind === 'number' ? `"${marker}"` : marker) + data.slice(end))) === marker;
  } catch {
    return false;
  }
}
