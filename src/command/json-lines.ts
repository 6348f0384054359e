import type { ProviderError, StreamEvent } from 'steadystream';

/** Writes an event to stdout, as one line of JSON; the last line of a stream that failed is its error. */
export function writeJsonLine(event: StreamEvent | { readonly type: 'error'; readonly error: ProviderError }): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
