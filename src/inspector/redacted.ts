import { ProviderError } from '../index.ts';

const maxKnown = 512;
const known = new Map<string, string>();
/** Ids as this library makes them. Every stream has new ones, and there is nothing in them to look for. */
const ownId = /^(?:req_)?[0-9a-f-]{1,64}$/;

/** Text as it may stand in a log: secrets redacted, control characters escaped, length bounded, as a {@link ProviderError} does it. */
export function redacted(text: string): string {
  if (ownId.test(text)) return text;
  const before = known.get(text);
  if (before !== undefined) return before;
  const safe = asDetail(text);
  // The same few names come again and again.
  if (text.length <= 200) {
    if (known.size >= maxKnown) known.clear();
    known.set(text, safe);
  }
  return safe;
}

function asDetail(text: string): string {
  const { stackTraceLimit } = Error;
  // Nobody reads where it was made, and writing that down costs most.
  Error.stackTraceLimit = 0;
  try {
    return new ProviderError({ category: 'unknown', phase: 'local', detail: text }).detail ?? '';
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
