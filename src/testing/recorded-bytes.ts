import { Buffer, isUtf8 } from 'node:buffer';
import type { TranscriptChunk } from './transcript.ts';
import { withoutSecrets } from './transcript-secrets.ts';

const firstSize = 16_384;

/** The bytes of a body as they come, up to a limit, with their times. */
export class RecordedBytes {
  readonly #maxBytes: number;
  #bytes = Buffer.alloc(0);
  #length = 0;
  readonly #ends: number[] = [];
  readonly #times: number[] = [];
  #isTruncated = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isTruncated(): boolean {
    return this.#isTruncated;
  }

  /** Copies the bytes: they belong to whoever reads the body. */
  push(chunk: Uint8Array, at: number): void {
    if (this.#isTruncated) return;
    const kept = chunk.subarray(0, this.#maxBytes - this.#length);
    this.#isTruncated = kept.length < chunk.length;
    const length = this.#length + kept.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.min(Math.max(length, this.#bytes.length * 2, firstSize), this.#maxBytes));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(kept, this.#length);
    this.#length = length;
    this.#ends.push(length);
    this.#times.push(at);
  }

  /** The chunks without secrets, also such as were cut. What belongs to a character stays together with its bytes. */
  chunks(secrets: readonly string[]): TranscriptChunk[] {
    // A character for each byte, so that a place in the text is a place in the body.
    const safe = Buffer.from(withoutSecrets(this.#bytes.toString('latin1', 0, this.#length), secrets), 'latin1');
    return this.#ends.map((end, index) => chunkOf(safe.subarray(this.#ends[index - 1] ?? 0, end), this.#times[index] ?? 0));
  }
}

function chunkOf(bytes: Buffer, at: number): TranscriptChunk {
  return isUtf8(bytes) ? { at, text: bytes.toString('utf8') } : { at, base64: bytes.toString('base64') };
}
