import type { Lane, LaneOutcome } from '../lane.ts';

/** A time as a person says it: `350 ms`, `2.4 s`, `3 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1_000).toFixed(milliseconds < 9_950 ? 2 : 1)} s`;
  if (milliseconds < 3_599_500) return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1_000)} s`;
  return `${Math.floor(milliseconds / 3_600_000)} h ${Math.round((milliseconds % 3_600_000) / 60_000)} min`;
}

/** What is left of a wait. */
export function countdown(milliseconds: number): string {
  return `${(Math.max(0, milliseconds) / 1_000).toFixed(1)} s`;
}

export const outcomeGlyphs: Readonly<Record<LaneOutcome, string>> = { running: '●', ok: '✓', failed: '✕', cancelled: '–' };

export const outcomeWords: Readonly<Record<LaneOutcome, string>> = {
  running: 'running',
  ok: 'ok',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** What a stream is doing, in a few words. */
export function statusOf(lane: Lane, now: number): string {
  const { outcome, attempts, waits, error, startedAt, endedAt = now, marks } = lane;
  if (outcome === 'ok') return duration(endedAt - startedAt);
  if (outcome === 'cancelled') return `cancelled ${duration(endedAt - startedAt)}`;
  if (outcome === 'failed') return marks.at(-1)?.type === 'refused' && attempts.length === 0 ? 'refused' : (error?.category ?? 'failed');
  const wait = waits.at(-1);
  if (wait && wait.endedAt === undefined) {
    const name = { retry: 'retry in', cooldown: 'cooldown', recovery: 'goes on in' }[wait.kind];
    return `${name} ${countdown(wait.until - now)}`;
  }
  const attempt = attempts.at(-1);
  if (!attempt) return 'starting';
  if (attempt.contentAt !== undefined) return `streaming ${duration(now - startedAt)}`;
  return attempt.headersAt === undefined
    ? `connecting ${duration(now - attempt.startedAt)}`
    : `waiting ${duration(now - attempt.startedAt)}`;
}
