/** A name that nobody else has; also where a page is not secure, and `crypto.randomUUID` missing. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
