/**
 * Says how `actual` differs from what a diagram states, or `undefined` where it does not.
 *
 * Primitives are compared exactly, arrays element by element. Of an object only the stated keys count, so that a diagram need not name
 * ids. Of an error its name and its enumerable facts count, empty ones aside, and its message where it states no other fact; a plain
 * object may stand for an error. An asymmetric matcher (`expect.any(Number)`) decides by itself.
 */
export function difference(expected: unknown, actual: unknown, path = ''): string | undefined {
  const differs = () => `${path === '' ? 'it' : path} is ${print(actual)}, not ${print(expected)}`;
  if (Object.is(expected, actual)) return undefined;
  if (typeof expected !== 'object' || expected === null) return differs();
  if ('asymmetricMatch' in expected && typeof expected.asymmetricMatch === 'function') {
    return expected.asymmetricMatch(actual) ? undefined : differs();
  }
  if (typeof actual !== 'object' || actual === null) return differs();
  if (expected instanceof Date || expected instanceof RegExp) return String(expected) === String(actual) ? undefined : differs();
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return differs();
    if (actual.length !== expected.length) return `${path || 'it'} has ${actual.length} elements, not ${expected.length}`;
  }
  for (const [key, value] of factsOf(expected)) {
    const inner = Array.isArray(expected) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    const found = difference(value, (actual as Record<string, unknown>)[key], inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

function factsOf(expected: object): [string, unknown][] {
  if (!(expected instanceof Error)) return Object.entries(expected);
  const stated = Object.entries(expected).filter(
    ([key, value]) => key !== 'name' && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  return [['name', expected.name], ...(stated.length === 0 ? ([['message', expected.message]] as [string, unknown][]) : stated)];
}

/** A value in words, on one line and of bounded length. */
export function print(value: unknown): string {
  const text = plain(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function plain(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value, (_key, inner) =>
      inner instanceof Error ? plain(inner) : typeof inner === 'bigint' ? `${inner}n` : inner,
    );
  } catch {
    return String(value);
  }
}
