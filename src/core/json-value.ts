/** A JSON object of which nothing is known. */
export interface JsonObject {
  readonly [member: string]: unknown;
}

/** Whether a value is an object with members. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The text of a delta. A gateway that parses every token as JSON sends `7` or `true` where it means the text.
 */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A number of tokens: whole, and never negative. Gateways send it as text, or with a fraction. */
export function countOf(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d{1,15}(?:\.\d{0,15})?$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && count >= 0 && count <= Number.MAX_SAFE_INTEGER ? Math.floor(count) : undefined;
}
