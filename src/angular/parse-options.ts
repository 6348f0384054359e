import type { z } from 'zod';

/** @throws TypeError that names the option which is wrong. */
export function parseAngularOptions<S extends z.ZodType>(name: string, schema: S, options: unknown): z.output<S> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const isUnknown = issue?.code === 'unrecognized_keys';
  const field = [...(issue?.path ?? []), ...(isUnknown ? issue.keys.slice(0, 1) : [])].map(String).join('.');
  throw new TypeError(`${name}: ${field || 'the value'} ${isUnknown ? 'is not an option' : issue?.message}`);
}
