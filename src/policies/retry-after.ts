import type { RateLimitSnapshot } from '../core/event.ts';

const unitMs = new Map<string, number>([
  ['ms', 1],
  ['millisecond', 1],
  ['s', 1_000],
  ['sec', 1_000],
  ['second', 1_000],
  ['m', 60_000],
  ['min', 60_000],
  ['minute', 60_000],
  ['h', 3_600_000],
  ['hr', 3_600_000],
  ['hour', 3_600_000],
  ['d', 86_400_000],
  ['day', 86_400_000],
]);

const plainNumber = /^\+?\d+(?:\.\d*)?$/;
const datePattern = /^(?:[A-Za-z]{3,9},? |\d{4}-\d\d-\d\d[T ])/;
// Sticky, so that one pass over the text is all there is.
const durationPart = /(?:\s{0,3}(?:,|and)?\s{0,3})(\d+(?:\.\d+)?)\s{0,2}([a-z]{0,12})/iy;
const invitation = /(?:try again|retry|available again)(?: your request)?\s{1,3}(?:in|after)\s{1,3}(?:about\s)?(?=\d)/gi;
const maxText = 16_384;

/** Beyond the numbers that are exact, a wait is beyond every limit. */
function wait(digits: string | undefined, unit: number): number {
  const milliseconds = Number(digits) * unit;
  return milliseconds > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : milliseconds;
}

/**
 * The milliseconds of a duration at the beginning of a text: `6m0s`, `1h2m3.5s`, `20ms`, `5 minutes`, `41.7` (seconds). `undefined` if there is none.
 *
 * Digits beyond any number are `Infinity`.
 */
export function durationMs(text: string): number | undefined {
  let total: number | undefined;
  durationPart.lastIndex = 0;
  for (let parts = 0; parts < 6; parts++) {
    const part = durationPart.exec(text);
    if (part === null) break;
    const word = part[2]?.toLowerCase() ?? '';
    const unit = unitMs.get(word) ?? (word.endsWith('s') ? unitMs.get(word.slice(0, -1)) : undefined);
    if (unit === undefined) {
      // "26" is seconds; in "5m 3 of", the second number is no longer of the duration.
      if (total === undefined && word === '') total = wait(part[1], 1_000);
      break;
    }
    total = (total ?? 0) + wait(part[1], unit);
  }
  return total;
}

/**
 * The milliseconds of a `Retry-After` header: seconds (also with a fraction), an HTTP date, or a duration.
 *
 * Digits beyond any number are `Infinity`: beyond every limit, not absent. A date that has passed is 0. A negative number is no answer.
 *
 * @param now The wall clock, in milliseconds since 1970.
 */
export function parseRetryAfter(value: string, now: number): number | undefined {
  const text = value.trim();
  if (plainNumber.test(text)) return wait(text, 1_000);
  if (datePattern.test(text)) {
    const date = Date.parse(text);
    return Number.isNaN(date) ? undefined : Math.max(0, date - now);
  }
  // A header that was sent twice arrives joined by a comma; the longer wait holds.
  const values = text.split(',', 8).map((each) => each.trim());
  if (values.length > 1 && values.every((each) => plainNumber.test(each))) return Math.max(...values.map((each) => wait(each, 1_000)));
  return /^\d[\d.hms]*$/.test(text) ? durationMs(text) : undefined;
}

function parseMilliseconds(value: string | null): number | undefined {
  return value !== null && plainNumber.test(value.trim()) ? wait(value, 1) : undefined;
}

/** The wait of the first of these headers that holds one, in milliseconds. */
export function waitOfHeaders(headers: Headers, names: readonly string[]): number | undefined {
  for (const name of names) {
    const wait = parseMilliseconds(headers.get(name));
    if (wait !== undefined) return wait;
  }
  return undefined;
}

/** Until every limit of which nothing remains has been reset, in milliseconds. `undefined` where none is used up, or none says when. */
export function waitOfLimits(limits: readonly RateLimitSnapshot[]): number | undefined {
  const resets = limits.flatMap(({ remaining, resetMs }) => (remaining === 0 && resetMs !== undefined ? [resetMs] : []));
  return resets.length === 0 ? undefined : Math.max(...resets);
}

/** The wait that `Retry-After` asks for, in milliseconds. */
export function retryAfterOfHeaders(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after');
  return value === null ? undefined : parseRetryAfter(value, now);
}

/** The wait that a text asks for, in milliseconds: `Please try again in 6m0s`, `retry after 26 seconds`, `"retryDelay": "34.4s"`. */
export function retryAfterOfText(text: string): number | undefined {
  const bounded = text.slice(0, maxText);
  const quoted = /retryDelay\\{0,3}"\s{0,4}:\s{0,4}\\{0,3}"/.exec(bounded);
  if (quoted) return durationMs(bounded.slice(quoted.index + quoted[0].length));
  invitation.lastIndex = 0;
  return invitation.exec(bounded) === null ? undefined : durationMs(bounded.slice(invitation.lastIndex));
}

const secondFields = ['retryDelay', 'retry_after', 'retryAfter', 'retry_after_seconds', 'retryAfterSeconds'] as const;
const millisecondFields = ['retry_after_ms', 'retryAfterMs'] as const;

/**
 * The wait that an error's body asks for, in milliseconds: a `retryDelay` or `retry_after` member, or the words of a message.
 *
 * Looks at a bounded number of members, whatever the body is.
 */
export function retryAfterOfBody(body: unknown): number | undefined {
  if (typeof body === 'string') return retryAfterOfText(body);
  // Members that say it exactly count before the words of any message.
  let words: number | undefined;
  const queue: unknown[] = [body];
  for (let visited = 0; visited < queue.length && visited < 64; visited++) {
    const value = queue[visited];
    if (typeof value === 'string') {
      words ??= retryAfterOfText(value);
    } else if (typeof value === 'object' && value !== null) {
      const exact = Array.isArray(value) ? undefined : exactMember(value as Record<string, unknown>);
      if (exact !== undefined) return exact;
      for (const member of Object.values(value).slice(0, 32)) queue.push(member);
    }
  }
  return words;
}

function exactMember(value: Record<string, unknown>): number | undefined {
  for (const field of millisecondFields) {
    const member = value[field];
    if (typeof member === 'number' && member >= 0) return member;
  }
  for (const field of secondFields) {
    const member = value[field];
    if (typeof member === 'number' && member >= 0) return member * 1_000;
    if (typeof member === 'string' && /^\d/.test(member)) return durationMs(member.slice(0, 1_000));
  }
  return undefined;
}

/**
 * How long a provider asks to wait, in milliseconds, by its headers, else by its body. `undefined` if it does not say.
 *
 * `Infinity` is beyond every limit. 0 is "at once".
 *
 * @param now The wall clock, in milliseconds since 1970, for dates.
 */
export function retryAfterOf(headers: Headers | undefined, body: unknown, now: number): number | undefined {
  return (headers === undefined ? undefined : retryAfterOfHeaders(headers, now)) ?? retryAfterOfBody(body);
}
