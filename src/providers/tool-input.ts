import { defaults } from '../core/defaults.ts';
import { malformedStream } from './stream-errors.ts';

const { maxToolInput, maxToolCalls } = defaults.decoder;

/** Adds to the input of a tool call, within the limit. */
export function appendToolInput(input: string, delta: string): string {
  if (input.length + delta.length > maxToolInput)
    throw malformedStream(`the input of a tool call is longer than ${maxToolInput} characters`);
  return input + delta;
}

/** Refuses a stream that opens more tool calls than any honest one. */
export function checkToolCalls(open: number): void {
  if (open >= maxToolCalls) throw malformedStream(`more than ${maxToolCalls} tool calls`);
}

/** The input of a tool call, or an error: it is never repaired. A call without any input, or with `null`, has `{}`. */
export function parseToolInput(input: string): unknown {
  if (isNoInput(input)) return {};
  try {
    return JSON.parse(input);
  } catch {
    throw malformedStream('a tool call whose input is not JSON');
  }
}

/** Whether the input of a call is that it has none. */
export function isNoInput(input: string): boolean {
  const said = input.trim();
  return said === '' || said === 'null';
}

/** Whether the input of a call is whole without anybody saying so: a JSON object that closes. */
export function isWholeInput(input: string): boolean {
  try {
    const value: unknown = JSON.parse(input);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

/** An input without the placeholder that stands before it; as it is where it is whole, or anything else. */
export function withoutPlaceholder(input: string): string {
  const [first, ...more] = isWholeInput(input) ? [] : (splitToolInputs(input) ?? []);
  return first === undefined || more.length > 0 ? input : first;
}

/**
 * Splits inputs that a gateway ran together (`{"q":"a"}{"q":"b"}`); `undefined` where the text is anything else.
 *
 * One input sent twice is one, and an empty `{}` that stands before the real one is a placeholder.
 */
export function splitToolInputs(input: string): string[] | undefined {
  const inputs: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = -1;
  for (let index = 0; index < input.length; index++) {
    const code = input.charCodeAt(index);
    if (quoted) {
      if (code === 92 /* \ */) index++;
      else if (code === 34 /* " */) quoted = false;
    } else if (code === 34) {
      if (depth === 0) return undefined;
      quoted = true;
    } else if (code === 123 /* { */ || code === 91 /* [ */) {
      if (depth++ === 0) start = index;
    } else if (code === 125 /* } */ || code === 93 /* ] */) {
      if (--depth < 0) return undefined;
      if (depth === 0) inputs.push(input.slice(start, index + 1));
    } else if (depth === 0 && code > 32) {
      return undefined;
    }
  }
  if (depth !== 0 || quoted || !inputs.every(isWholeInput)) return undefined;
  const distinct = [...new Set(inputs)];
  const told = distinct.filter((each) => each !== '{}');
  return told.length > 0 ? told : distinct;
}
