const quote = 34;
const backslash = 92;
const space = 32;

/** What is nested deeper is not followed. */
const maxDepth = 16;

/**
 * Where the JSON value that begins at `start` ends; -1 if none does.
 *
 * What it finds is JSON, whole. Some JSON it does not find: with line breaks between its tokens, or nested too deeply.
 */
export function endOfValue(source: string, start: number, depth = 0): number {
  switch (source.charCodeAt(start)) {
    case quote: {
      const end = endOfString(source, start + 1);
      return end === -1 ? -1 : end + 1;
    }
    case 123 /* { */:
      return depth < maxDepth ? endOfObject(source, start + 1, depth + 1) : -1;
    case 91 /* [ */:
      return depth < maxDepth ? endOfArray(source, start + 1, depth + 1) : -1;
    case 116 /* t */:
      return source.startsWith('true', start) ? start + 4 : -1;
    case 102 /* f */:
      return source.startsWith('false', start) ? start + 5 : -1;
    case 110 /* n */:
      return source.startsWith('null', start) ? start + 4 : -1;
    default:
      return endOfNumber(source, start);
  }
}

/** Where a string ends whose opening quote stands before `start`: its closing quote. */
function endOfString(source: string, start: number): number {
  let at = start;
  for (let code = source.charCodeAt(at); code !== quote; code = source.charCodeAt(at)) {
    // The end of the source is not a number, and no less than anything.
    if (!(code >= space)) return -1;
    at += code === backslash ? lengthOfEscape(source, at + 1) : 1;
    if (Number.isNaN(at)) return -1;
  }
  return at;
}

/** With its backslash, before `start`; not a number for an escape that is none. */
function lengthOfEscape(source: string, start: number): number {
  const letter = source.charAt(start);
  if (letter !== '' && '"\\/bfnrt'.includes(letter)) return 2;
  return letter === 'u' && /^[\da-f]{4}$/i.test(source.slice(start + 1, start + 5)) ? 6 : Number.NaN;
}

function endOfNumber(source: string, start: number): number {
  const first = source.charCodeAt(start) === 45 /* - */ ? start + 1 : start;
  let end = endOfDigits(source, first);
  // Nothing, or a zero that leads.
  if (end === first || (source.charCodeAt(first) === 48 && end > first + 1)) return -1;
  if (source.charCodeAt(end) === 46 /* . */) {
    const fraction = end + 1;
    end = endOfDigits(source, fraction);
    if (end === fraction) return -1;
  }
  if ((source.charCodeAt(end) | space) !== 101 /* e */) return end;
  const sign = source.charCodeAt(end + 1);
  const exponent = sign === 43 /* + */ || sign === 45 /* - */ ? end + 2 : end + 1;
  end = endOfDigits(source, exponent);
  return end === exponent ? -1 : end;
}

function endOfDigits(source: string, start: number): number {
  let at = start;
  for (let code = source.charCodeAt(at); code >= 48 && code <= 57; code = source.charCodeAt(at)) at++;
  return at;
}

function endOfArray(source: string, start: number, depth: number): number {
  let at = behindSpaces(source, start);
  if (source.charCodeAt(at) === 93 /* ] */) return at + 1;
  for (;;) {
    at = endOfValue(source, at, depth);
    if (at === -1) return -1;
    at = behindSpaces(source, at);
    const code = source.charCodeAt(at++);
    if (code === 93 /* ] */) return at;
    if (code !== 44 /* , */) return -1;
    at = behindSpaces(source, at);
  }
}

function endOfObject(source: string, start: number, depth: number): number {
  let at = behindSpaces(source, start);
  if (source.charCodeAt(at) === 125 /* } */) return at + 1;
  for (;;) {
    if (source.charCodeAt(at) !== quote) return -1;
    at = endOfString(source, at + 1);
    if (at === -1) return -1;
    at = behindSpaces(source, at + 1);
    if (source.charCodeAt(at++) !== 58 /* : */) return -1;
    at = endOfValue(source, behindSpaces(source, at), depth);
    if (at === -1) return -1;
    at = behindSpaces(source, at);
    const code = source.charCodeAt(at++);
    if (code === 125 /* } */) return at;
    if (code !== 44 /* , */) return -1;
    at = behindSpaces(source, at);
  }
}

function behindSpaces(source: string, start: number): number {
  let at = start;
  while (source.charCodeAt(at) === space) at++;
  return at;
}
