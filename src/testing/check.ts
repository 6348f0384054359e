import type { z } from 'zod';

/** Checks a value, and throws a `TypeError` that names the member that is wrong. */
export function check<S extends z.ZodType>(name: string, schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const isUnknown = issue?.code === 'unrecognized_keys';
  const member = [...(issue?.path ?? []), ...(isUnknown ? issue.keys.slice(0, 1) : [])].map(String).join('.');
  throw new TypeError(`${name}: ${member || 'the value'} ${isUnknown ? 'is not known here' : issue?.message}`);
}
