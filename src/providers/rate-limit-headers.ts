import type { RateLimitSnapshot } from '../core/event.ts';
import { durationMs } from '../policies/retry-after.ts';

type Kind = RateLimitSnapshot['kind'];
type Member = 'limit' | 'remaining' | 'reset';

/** OpenAI's limits: `x-ratelimit-remaining-tokens`, with durations; OpenRouter's have no kind, and count requests. */
export function openaiRateLimits(headers: Headers): RateLimitSnapshot[] {
  const limits = readLimits(headers, ['requests', 'tokens'], (kind, member) => `x-ratelimit-${member}-${kind}`);
  return limits.length > 0 ? limits : readLimits(headers, ['requests'], (_kind, member) => `x-ratelimit-${member}`);
}

/** Anthropic's limits: `anthropic-ratelimit-tokens-remaining`, with points in time. */
export function anthropicRateLimits(headers: Headers): RateLimitSnapshot[] {
  const kinds: Kind[] = ['requests', 'tokens', 'input-tokens', 'output-tokens'];
  return readLimits(headers, kinds, (kind, member) => `anthropic-ratelimit-${kind}-${member}`);
}

function readLimits(headers: Headers, kinds: readonly Kind[], nameOf: (kind: Kind, member: Member) => string): RateLimitSnapshot[] {
  const limits: RateLimitSnapshot[] = [];
  for (const kind of kinds) {
    const limit = numberOf(headers.get(nameOf(kind, 'limit')));
    const remaining = numberOf(headers.get(nameOf(kind, 'remaining')));
    if (limit === undefined && remaining === undefined) continue;
    const reset = headers.get(nameOf(kind, 'reset'));
    // By the provider's clock, so that a wrong one on this side does not matter.
    const resetMs = reset === null ? undefined : resetOf(reset.trim(), Date.parse(headers.get('date') ?? ''));
    limits.push({ kind, limit, remaining, resetMs });
  }
  return limits;
}

function numberOf(value: string | null): number | undefined {
  return value !== null && /^\d{1,15}(?:\.\d{1,15})?$/.test(value.trim()) ? Number(value) : undefined;
}

/** `6m0s`, `7.66s`, `20ms`; seconds; seconds or milliseconds since 1970; RFC 3339. */
function resetOf(text: string, date: number): number | undefined {
  const value = numberOf(text);
  if (value === undefined) return /^\d{4}-\d\d-\d\dT/.test(text) ? until(Date.parse(text), date) : durationMs(text.slice(0, 100));
  if (value < 1e9) return value * 1_000;
  return until(value < 1e12 ? value * 1_000 : value, date);
}

function until(time: number, date: number): number | undefined {
  return Number.isNaN(time - date) ? undefined : Math.max(0, time - date);
}
