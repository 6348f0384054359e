import { stripVTControlCharacters } from 'node:util';
import type { ProviderError } from 'steadystream';
import type { Lane } from './view.ts';

export function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
}

/** The beginning of a text as one line, which steers no terminal: a prompt may be a whole file. */
export function headline(text: string): string {
  const line = stripVTControlCharacters(text.slice(0, 1_000))
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  const characters = [...line];
  return characters.length <= 100 && text.length <= 1_000 ? line : `${characters.slice(0, 99).join('')}…`;
}

/** `rate-limit (HTTP 429, retry after 1.0 s): Too many requests` */
export function failureOf({ category, timeout, status, code, retryAfterMs, detail }: ProviderError): string {
  const facts = [
    timeout,
    status === undefined ? code : `HTTP ${status}`,
    retryAfterMs !== undefined && `retry after ${seconds(retryAfterMs)}`,
  ].filter(Boolean);
  return [category, facts.length > 0 && ` (${facts.join(', ')})`, detail && `: ${detail}`].filter(Boolean).join('');
}

/** Why there is no further attempt, and what is left of the answer. */
export function remainsOf({ phase, gaveUp, partial }: ProviderError): string {
  if (phase === 'local') return 'no request was made';
  const kept = partial && `error.partial keeps ${partial.text.length} characters`;
  return [gaveUp && `gave up: ${gaveUp}`, kept].filter(Boolean).join(', ');
}

/** `done in 4.2 s · first content 0.3 s · 21 tokens at 17/s`: the tokens that the provider reports, or until then the deltas. */
export function paceOf({ begunAt, callBegunAt, contentAt, endedAt, deltas, usage, finishReason }: Lane, now: number): string {
  const tokens = usage === undefined || usage.estimated ? deltas : usage.outputTokens;
  const streamedMs = (endedAt ?? now) - (contentAt ?? now);
  // A rate over a few milliseconds would say nothing.
  const rate = streamedMs < 200 ? '' : ` at ${Math.round((tokens / streamedMs) * 1_000)}/s`;
  const reason = finishReason === 'stop' ? '' : ` (${finishReason})`;
  return [
    finishReason !== undefined && endedAt !== undefined && `done${reason} in ${seconds(endedAt - callBegunAt)}`,
    contentAt !== undefined && `first content ${seconds(contentAt - begunAt)}`,
    contentAt !== undefined && `${tokens} ${tokens === 1 ? 'token' : 'tokens'}${rate}`,
  ]
    .filter(Boolean)
    .join(' · ');
}
