/** A body as bytes. */
export function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? new TextEncoder().encode(body) : body;
}

/** A body in parts of so many bytes. */
export function partsOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += size) parts.push(bytes.subarray(start, start + size));
  return parts;
}

/** A body as its messages, each with the blank line after it; of a format without blank lines, as its lines. */
export function blocksOf(bytes: Uint8Array): string[] {
  const text = new TextDecoder().decode(bytes);
  const isInBlocks = /\r\n\r\n|\n\n|\r\r/.test(text);
  return text.match(isInBlocks ? /[\s\S]+?(?:\r\n\r\n|\n\n|\r\r|$)/g : /[^\n]+(?:\n|$)/g) ?? [];
}

/** Whether a body is made of server-sent messages, between which others may stand. */
export function isEventStream(blocks: readonly string[]): boolean {
  return blocks.some((block) => /^data:/m.test(block));
}

/** The same body with a member in each of its JSON objects that nobody knows. */
export function withUnknownMembers(block: string): string {
  return block.replace(/^((?:data: ?)?)(\{.*\})[ \t]*(\r?)$/gm, (line, field: string, json: string, end: string) => {
    try {
      const value = JSON.parse(json) as object;
      return `${field}${JSON.stringify({ ...value, conformance_unknown: { list: [1, null, 'x'] } })}${end}`;
    } catch {
      return line;
    }
  });
}
