/** An id nobody has used before: 128 random bits in 32 hexadecimal digits. Works on insecure pages too, where `randomUUID` does not. */
export function randomId(): string {
  if (used === pool.length) {
    globalThis.crypto.getRandomValues(pool);
    used = 0;
  }
  let id = '';
  for (const end = used + 16; used < end; used++) id += hex[pool[used] as number];
  return id;
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Asking for random bytes costs far more than the bytes; each is used once. */
const pool = new Uint8Array(2_048);
let used = pool.length;
