import * as z from 'zod';

/** @throws TypeError that names the option which is wrong. */
export function parseTelemetryOptions<S extends z.ZodType>(name: string, schema: S, options: unknown): z.output<S> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const isUnknown = issue?.code === 'unrecognized_keys';
  const field = [...(issue?.path ?? []), ...(isUnknown ? issue.keys.slice(0, 1) : [])].map(String).join('.');
  throw new TypeError(`${name}: ${field || 'the value'} ${isUnknown ? 'is not an option' : issue?.message}`);
}

/** A whole number of things. */
export function count(min: number) {
  const error = `must be a whole number from ${min}`;
  return z.int({ error }).min(min, { error });
}

/** An object with these methods. */
export function objectWith<T>(methods: readonly string[], error: string) {
  return z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
    { error },
  );
}

export const flag = z.boolean({ error: 'must be true or false' });

export const errorListener = z.custom<(error: unknown) => void>((value) => typeof value === 'function', { error: 'must be a function' });
