import { defaults } from '../core/defaults.ts';
import { JsonText } from './json-text.ts';

/** What a text that may be cut short holds of a JSON value. */
export interface PartialJson {
  /** The value as far as it came; `undefined` where none began. */
  readonly value: unknown;
  /** Whether the text held all of it. Of what is not complete, brackets were closed that the text does not close. */
  readonly complete: boolean;
  /** What the text says behind the value; at most 4,096 characters. */
  readonly rest: string;
}

/**
 * Reads the JSON of a text that may be cut anywhere, or be malformed from some point on: what an answer said before it failed.
 *
 * Finds it behind a sentence or in a Markdown fence, as `json` does. Never throws; linear in the text.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(json(Recipe)).subscribe({
 *   error: (error: ProviderError) => show(parsePartialJson(error.partial?.text ?? '').value),
 * });
 * ```
 */
export function parsePartialJson(text: string): PartialJson {
  const json = new JsonText({ maxCharacters: Number.POSITIVE_INFINITY, maxDepth: defaults.json.maxDepth });
  json.write(text);
  json.end();
  const complete = json.isComplete;
  const hasValue = complete || json.changes > 0 || json.failure?.kind === 'incomplete';
  return { value: hasValue ? json.snapshot(true) : undefined, complete, rest: json.rest };
}
