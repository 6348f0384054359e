import { timer } from 'rxjs';
import { defaults } from '../core/defaults.ts';
import { cancelQuietly } from '../transport/cancel-quietly.ts';
import { parseBody } from '../transport/error-body.ts';

/** The body of an error, as far as it is worth it. */
export interface ErrorBytes {
  readonly bytes: readonly Uint8Array[];
  /** Whether it ended within the limits. */
  readonly isWhole: boolean;
  /** Parsed where it is JSON, else its text; `undefined` where there is none, or no end to it. */
  readonly body: unknown;
}

/**
 * Reads the body of an error: 64 KiB and 2 s by default, and no longer than half of the time that is left.
 *
 * @param onReader Given the reader, which whoever leaves cancels.
 */
export async function readErrorBytes(
  { body }: Response,
  timeLeft: number,
  onReader: (reader: ReadableStreamDefaultReader) => void,
): Promise<ErrorBytes> {
  if (!body) return { bytes: [], isWhole: true, body: undefined };
  const { maxErrorBody, errorBodyTimeout } = defaults.transport;
  const reader = body.getReader();
  onReader(reader);
  const bytes: Uint8Array[] = [];
  let isLate = false;
  const deadline = timer(Math.min(errorBodyTimeout, timeLeft / 2)).subscribe(() => {
    isLate = true;
    cancelQuietly(reader);
  });
  try {
    for (let left = maxErrorBody; left > 0; ) {
      const { done, value } = await reader.read();
      if (done) return isLate ? cut(bytes) : { bytes, isWhole: true, body: parseBody(textOf(bytes)) };
      bytes.push(value.subarray(0, left));
      left -= value.byteLength;
    }
    cancelQuietly(reader);
    return cut(bytes);
  } catch {
    // The status is known, and is enough.
    return cut(bytes);
  } finally {
    deadline.unsubscribe();
  }
}

function cut(bytes: readonly Uint8Array[]): ErrorBytes {
  return { bytes, isWhole: false, body: undefined };
}

function textOf(bytes: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return bytes.map((each) => decoder.decode(each, { stream: true })).join('') + decoder.decode();
}
