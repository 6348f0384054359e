import type { ProviderError, StreamEvent } from 'steadystream';

/** JSON leaves them as they are, but to a terminal they are commands. */
const controls = /[\u007f-\u009f]/g;

/** Writes an event to stdout, as one line of JSON; the last line of a stream that failed is its error. */
export function writeJsonLine(event: StreamEvent | { readonly type: 'error'; readonly error: ProviderError }): void {
  const line = JSON.stringify(event).replace(controls, (each) => `\\u00${each.charCodeAt(0).toString(16)}`);
  process.stdout.write(`${line}\n`);
}
