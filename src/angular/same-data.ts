/** Whether two requests say the same, so that asking again would only cost: plain data, bytes included, in any order of members. */
export function isSameData(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  if (ArrayBuffer.isView(one) || ArrayBuffer.isView(other)) return isSameBytes(one, other);
  const names = membersOf(one);
  return names.length === membersOf(other).length && names.every((name) => isSameData(one[name], other[name]));
}

/** What is `undefined` is not said. */
function membersOf(value: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(value).filter((name) => value[name] !== undefined);
}

function isSameBytes(one: object, other: object): boolean {
  if (!ArrayBuffer.isView(one) || !ArrayBuffer.isView(other) || one.byteLength !== other.byteLength) return false;
  const bytes = new Uint8Array(other.buffer, other.byteOffset, other.byteLength);
  return new Uint8Array(one.buffer, one.byteOffset, one.byteLength).every((byte, index) => byte === bytes[index]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
