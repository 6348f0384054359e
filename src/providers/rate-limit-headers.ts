import type { RateLimitSnapshot } from '../core/event.ts';
import { durationMs } from '../policies/retry-after.ts';

type Kind = RateLimitSnapshot['kind'];
type Member = 'limit' | 'remaining' | 'reset';

/** In the order in which they are told. */
const kinds: readonly Kind[] = ['requests', 'tokens', 'input-tokens', 'output-tokens'];

/** More limits at once than any provider has. */
const maxLimits = 16;

/**
 * The limits of OpenAI and the servers that speak the same: `x-ratelimit-remaining-tokens`, with a window or without
 * (`-requests-day`, `-req-minute`), by size (Mistral), or without a kind (OpenRouter, which counts requests).
 */
export function openaiRateLimits(headers: Headers): RateLimitSnapshot[] {
  const names = /^(?:x-)?(ratelimit|ratelimitbysize|tokenlimit)-(limit|remaining|reset)(?:-([a-z-]{1,40}))?$/;
  return readLimits(headers, names, ([, prefix, member, of = '']) => {
    const kind = prefix === 'ratelimit' ? kindOf(of) : 'tokens';
    return kind && { kind, member: member as Member, key: `${prefix} ${of}` };
  });
}

/** Anthropic's limits: `anthropic-ratelimit-tokens-remaining`, with points in time. */
export function anthropicRateLimits(headers: Headers): RateLimitSnapshot[] {
  const names = /^anthropic-ratelimit-(requests|tokens|input-tokens|output-tokens)-(limit|remaining|reset)$/;
  return readLimits(headers, names, ([, kind = '', member]) => ({ kind: kind as Kind, member: member as Member, key: kind }));
}

/** What is counted, by what a header's name says behind the member. */
function kindOf(of: string): Kind | undefined {
  if (of.includes('token')) return /prompt|input/.test(of) ? 'input-tokens' : /generated|output/.test(of) ? 'output-tokens' : 'tokens';
  return of === '' || of.includes('req') || /^(?:second|minute|hour|day|month)$/.test(of) ? 'requests' : undefined;
}

interface NamedMember {
  readonly kind: Kind;
  readonly member: Member;
  /** The same for all members of one limit. */
  readonly key: string;
}

function readLimits(headers: Headers, names: RegExp, read: (match: RegExpExecArray) => NamedMember | undefined): RateLimitSnapshot[] {
  const found = new Map<string, { readonly kind: Kind } & { [member in Member]?: string }>();
  headers.forEach((value, name) => {
    const match = names.exec(name);
    const told = match === null ? undefined : read(match);
    if (told === undefined || (found.size === maxLimits && !found.has(told.key))) return;
    found.set(told.key, { ...found.get(told.key), kind: told.kind, [told.member]: value.trim() });
  });
  // By the provider's clock, so that a wrong one on this side does not matter.
  const date = Date.parse(headers.get('date') ?? '');
  const inOrder = [...found.values()].sort((one, other) => kinds.indexOf(one.kind) - kinds.indexOf(other.kind));
  return inOrder.flatMap((told) => {
    const limit = numberOf(told.limit);
    const remaining = numberOf(told.remaining);
    const resetMs = told.reset === undefined ? undefined : resetOf(told.reset, date);
    return limit === undefined && remaining === undefined ? [] : [{ kind: told.kind, limit, remaining, resetMs }];
  });
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}(?:\.\d{1,15})?$/.test(value) ? Number(value) : undefined;
}

/** `6m0s`, `7.66s`, `20ms`; seconds; seconds or milliseconds since 1970; RFC 3339; an HTTP date. */
function resetOf(text: string, date: number): number | undefined {
  const value = numberOf(text);
  if (value === undefined)
    return /^(?:\d{4}-\d\d-\d\dT|[A-Z][a-z]{2}, )/.test(text) ? until(Date.parse(text), date) : durationMs(text.slice(0, 100));
  if (value < 1e9) return value * 1_000;
  return until(value < 1e11 ? value * 1_000 : value, date);
}

function until(time: number, date: number): number | undefined {
  return Number.isNaN(time - date) ? undefined : Math.max(0, time - date);
}
