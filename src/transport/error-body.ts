import { timer } from 'rxjs';
import { defaults } from '../core/defaults.ts';
import { cancelQuietly } from './cancel-quietly.ts';

/**
 * Reads the body of an error, as far as it is worth it: 64 KiB and 2 s by default.
 *
 * Resolves to the parsed JSON, or the text; to `undefined` where there is none, or no end to it.
 */
export async function readErrorBody(
  response: Response,
  timeLeft: number,
  onReader: (reader: ReadableStreamDefaultReader) => void,
): Promise<unknown> {
  if (!response.body) return undefined;
  const { maxErrorBody, errorBodyTimeout } = defaults.transport;
  const reader = response.body.getReader();
  onReader(reader);
  const decoder = new TextDecoder();
  let text = '';
  let isLate = false;
  // Half of the time that is left: the status must be told before a deadline hides it.
  const deadline = timer(Math.min(errorBodyTimeout, timeLeft / 2)).subscribe(() => {
    isLate = true;
    cancelQuietly(reader);
  });
  try {
    for (let bytes = 0; bytes < maxErrorBody; ) {
      const { done, value } = await reader.read();
      if (isLate) return undefined;
      if (done) return parseBody(text + decoder.decode());
      bytes += value.byteLength;
      text += decoder.decode(value, { stream: true });
    }
    cancelQuietly(reader);
    return undefined;
  } catch {
    // The status is known, and is enough.
    return undefined;
  } finally {
    deadline.unsubscribe();
  }
}

/** JSON where it is, text where not. */
export function parseBody(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  try {
    return JSON.parse(trimmed) as unknown;
  } catch {
    return trimmed;
  }
}
