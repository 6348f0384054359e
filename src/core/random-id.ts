/** An id nobody has used before: 128 random bits in 32 hexadecimal digits. Works on insecure pages too, where `randomUUID` does not. */
export function randomId(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
