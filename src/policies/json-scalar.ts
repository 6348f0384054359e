const literals: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Whether a number or a literal may begin with this character. */
export function beginsScalar(code: number): boolean {
  return isDigit(code) || code === 0x2d || code === 0x74 || code === 0x66 || code === 0x6e;
}

/** The index behind what may belong to a number or a literal: digits, letters, `+`, `-` and `.`. */
export function endOfScalar(piece: string, start: number): number {
  let index = start;
  while (index < piece.length && belongs(piece.charCodeAt(index))) index++;
  return index;
}

/** The value of a whole number or literal; `undefined` if it is neither. */
export function parseScalar(token: string): number | boolean | null | undefined {
  if (Object.hasOwn(literals, token)) return literals[token];
  return number.test(token) ? Number(token) : undefined;
}

function belongs(code: number): boolean {
  return isDigit(code) || (code >= 0x61 && code <= 0x7a) || code === 0x2e || code === 0x2d || code === 0x2b || code === 0x45;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
