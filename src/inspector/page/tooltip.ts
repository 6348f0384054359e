import type { Lane } from '../lane.ts';
import { countdown, duration } from './words.ts';

/** What there is of a lane at a moment, in words; empty where there is nothing. */
export function describeAt(lane: Lane, at: number, tolerance: number, now: number): string {
  const marks = lane.marks.filter((mark) => Math.abs(mark.at - at) <= tolerance).map(({ type, label }) => `${type}: ${label}`);
  const isAt = (from: number, to: number): boolean => at >= from - tolerance && at <= to + tolerance;
  const waits = lane.waits
    .filter(({ from, until, endedAt }) => isAt(from, endedAt ?? Math.max(until, now)))
    .map(({ kind, from, until, endedAt, category }) => {
      const length = endedAt === undefined ? `${countdown(until - now)} left of ${duration(until - from)}` : duration(endedAt - from);
      return `${kind === 'cooldown' ? 'waits for its turn' : `waits before a ${kind}`}: ${length}${category ? ` (${category})` : ''}`;
    });
  const attempts = lane.attempts
    .filter(({ startedAt, endedAt = now }) => isAt(startedAt, endedAt))
    .flatMap(({ number, provider, model, startedAt, headersAt, contentAt, endedAt, error }) => [
      `attempt ${number} · ${provider} ${model} · ${duration((endedAt ?? now) - startedAt)}`,
      ...(headersAt === undefined ? [] : [`headers after ${duration(headersAt - startedAt)}`]),
      ...(contentAt === undefined ? [] : [`first content after ${duration(contentAt - startedAt)}`]),
      ...(error ? [error.message] : []),
    ]);
  return [...attempts, ...waits, ...marks].join('\n');
}
