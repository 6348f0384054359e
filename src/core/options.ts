import * as z from 'zod';
import { maxTimerDelay } from './defaults.ts';
import { sanitize } from './sanitize.ts';

/** A wait or a deadline in milliseconds; `Infinity` is none. */
export function milliseconds(min: number) {
  return z.custom<number>(
    (value) => typeof value === 'number' && value >= min && (value <= maxTimerDelay || value === Number.POSITIVE_INFINITY),
    { error: `must be a number of milliseconds from ${min} to ${maxTimerDelay}, or Infinity` },
  );
}

/** A whole number of things. */
export function count(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  return z.custom<number>((value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max, {
    error: `must be a whole number ${range}`,
  });
}

/** A limit on a number of things; `Infinity` is none. */
export function limit(min: number) {
  return z.custom<number>((value) => value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && (value as number) >= min), {
    error: `must be a whole number from ${min}, or Infinity`,
  });
}

/** A number within bounds. */
export function within(min: number, max: number) {
  return z.custom<number>((value) => typeof value === 'number' && value >= min && value <= max, {
    error: `must be a number from ${min} to ${max}`,
  });
}

/** A function. */
export function callback<F>() {
  return z.custom<F>((value) => typeof value === 'function', { error: 'must be a function' });
}

/** An object made by one of the library's factories, known by a member. */
export function instance<T>(member: string, factory: string) {
  return z.custom<T>((value) => typeof value === 'object' && value !== null && member in value, {
    error: `must be made with ${factory}()`,
  });
}

/**
 * Checks options when something is made with them, and throws a `TypeError` that names the option, what was wrong and what would be right.
 *
 * @param name What the options are for, as the user calls it: `createClient`.
 */
export function parseOptions<S extends z.ZodType>(name: string, schema: S, options: unknown): z.output<S> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new TypeError(`${name}: ${explainIssue(parsed.error.issues, options)}`);
}

/** The first of zod's issues as a sentence. */
export function explainIssue(issues: readonly z.core.$ZodIssue[], value: unknown): string {
  const issue = issues[0] && deepest(issues[0]);
  if (!issue) return 'is not valid';
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const field = [path, issue.keys[0]].filter(Boolean).join('.');
    return sanitize(`${field} is not an option`);
  }
  const given = issue.path.reduce<unknown>((parent, key) => (parent as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const subject = path || 'the value';
  if (given === undefined) return sanitize(`${subject} is missing: it ${issue.message}`);
  return sanitize(`${subject} ${issue.message}, got ${show(given)}`);
}

/** Of a value that fits none of several forms, the form that it fits furthest tells most. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flatMap((form) => form.slice(0, 1)).map((each) => deepest({ ...each, path: [...issue.path, ...each.path] }));
  return inner.reduce((best, each) => (each.path.length > best.path.length ? each : best), issue);
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
