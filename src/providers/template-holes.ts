import { isObject, type JsonObject } from '../core/json-value.ts';
import { endOfValue } from '../policies/json-extent.ts';
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

/** The names, and in arrays the indices, that lead to a member. */
export type MemberPath = readonly string[];

/** A key is looked for in so many places. */
const maxLooks = 8;

/**
 * Takes the JSON of a message apart at its text, and at the values of its members at those paths; `undefined` if one of the places cannot
 * be told for certain.
 *
 * A place is certain if the message, parsed with something else there, has that something where the text is read, or as the member.
 */
export function splitAtHoles(
  data: string,
  text: string,
  read: (parsed: unknown) => unknown,
  paths: Iterable<MemberPath>,
  parsed: JsonObject,
): SplitMessage | undefined {
  const places = [placeOfText(data, text, read)];
  for (const path of paths) if (memberAt(parsed, path) !== undefined) places.push(placeOfMember(data, path));
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

/** The member of a message at a path. */
export function memberAt(parsed: unknown, path: MemberPath): unknown {
  let member = parsed;
  for (const name of path) {
    if (!isObject(member) && !Array.isArray(member)) return undefined;
    member = (member as JsonObject)[name];
  }
  return member;
}

function placeOfText(data: string, text: string, read: (parsed: unknown) => unknown): Place | undefined {
  const token = JSON.stringify(text);
  const kind = 'text';
  const places = [data.indexOf(token), data.lastIndexOf(token)].map((at) => ({ start: at + 1, end: at + token.length - 1, kind }) as const);
  return places.find((place) => place.start > 0 && isReadAt(data, place, read));
}

function placeOfMember(data: string, path: MemberPath): Place | undefined {
  const key = `${JSON.stringify(path.at(-1))}:`;
  let at = data.indexOf(key);
  for (let looks = 0; at !== -1 && looks < maxLooks; looks++) {
    let start = at + key.length;
    while (data.charCodeAt(start) === 32) start++;
    const place: Place = { start, end: endOfValue(data, start), kind: 'value' };
    if (place.end !== -1 && isReadAt(data, place, (parsed) => memberAt(parsed, path))) return place;
    at = data.indexOf(key, start);
  }
  return undefined;
}

/** Whether a value is what stands at a place: reads as what is put there instead. */
function isReadAt(data: string, { start, end, kind }: Place, read: (parsed: unknown) => unknown): boolean {
  // Longer than all the rest, so that nothing but this very string can read as it.
  const marker = 'm'.repeat(data.length + 1);
  try {
    return read(JSON.parse(data.slice(0, start) + (kind === 'value' ? `"${marker}"` : marker) + data.slice(end))) === marker;
  } catch {
    return false;
  }
}
