import * as z from 'zod';

/** @throws TypeError that names the option which is wrong. */
export function parseNestOptions<S extends z.ZodType>(name: string, schema: S, options: unknown): z.output<S> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const isUnknown = issue?.code === 'unrecognized_keys';
  const field = [...(issue?.path ?? []), ...(isUnknown ? issue.keys.slice(0, 1) : [])].map(String).join('.');
  throw new TypeError(`${name}: ${field || 'the value'} ${isUnknown ? 'is not an option' : issue?.message}`);
}

/** A function. */
export function callback<F>() {
  return z.custom<F>((value) => typeof value === 'function', { error: 'must be a function' });
}

/** An object made by a factory, known by a member. */
export function madeWith<T>(factory: string, member: string) {
  return z.custom<T>((value) => typeof value === 'object' && value !== null && member in value, {
    error: `must be made with ${factory}()`,
  });
}

/** A wait in milliseconds. */
export function milliseconds(min: number, max: number) {
  const error = `must be a number of milliseconds from ${min} to ${max}`;
  return z.custom<number>((value) => typeof value === 'number' && value >= min && value <= max, { error });
}
