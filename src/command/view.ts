import { type Observable, scan, startWith, timestamp } from 'rxjs';
import type { FinishReason, MomentOfCall, ProviderError, Usage } from 'steadystream';
import type { Happening, Run } from './run.ts';

/** One attempt, or one call that was refused before any. Times are milliseconds since 1970. */
export interface Lane {
  readonly requestId: string;
  readonly attempt: number;
  readonly callBegunAt: number;
  readonly status: 'connecting' | 'waiting' | 'streaming' | 'done' | 'failed' | 'refused' | 'cancelled';
  readonly begunAt: number;
  readonly contentAt?: number;
  readonly endedAt?: number;
  readonly retryAt?: number;
  readonly text: string;
  readonly reasoning: string;
  readonly deltas: number;
  readonly error?: ProviderError;
  readonly finishReason?: FinishReason;
  readonly usage?: Usage;
}

/** What a person wants to see of a run. */
export interface View {
  readonly title: string;
  readonly about: string;
  /** Whether there is more than one call. */
  readonly isSeries: boolean;
  readonly breaker: { readonly state: string; readonly reason?: string; readonly openUntil?: number };
  readonly lanes: readonly Lane[];
}

/** What happened, and what is to be seen since. */
export interface Step {
  readonly happening: Happening | undefined;
  readonly view: View;
}

/** Which call of the run a lane belongs to, from 1. */
export function callNumber({ lanes }: View, requestId: string): number {
  return [...new Set(lanes.map((lane) => lane.requestId))].indexOf(requestId) + 1;
}

/** The run as steps; the first comes at once. */
export function steps(run: Run, interrupt$: Observable<unknown>): Observable<Step> {
  const { title, about, isSeries } = run;
  const first: Step = { happening: undefined, view: { title, about, isSeries, breaker: { state: 'closed' }, lanes: [] } };
  return run.start(interrupt$).pipe(
    timestamp(),
    scan(({ view }, { value, timestamp: now }): Step => ({ happening: value, view: reduce(view, value, now) }), first),
    startWith(first),
  );
}

function reduce(view: View, happening: Happening, now: number): View {
  switch (happening.type) {
    case 'breaker': {
      const { to, reason, openForMs } = happening;
      return { ...view, breaker: { state: to, reason, ...(openForMs !== undefined && { openUntil: now + openForMs }) } };
    }
    case 'attempt':
      return { ...view, lanes: [...view.lanes, newLane(happening, now)] };
    case 'headers':
      return change(view, { status: 'waiting' });
    case 'first-content':
      return change(view, { status: 'streaming', contentAt: now });
    case 'text-delta':
    case 'refusal-delta':
      return change(view, ({ text, deltas }) => ({ text: text + happening.text, deltas: deltas + 1 }));
    case 'reasoning-delta':
      return change(view, ({ reasoning, deltas }) => ({ reasoning: reasoning + happening.text, deltas: deltas + 1 }));
    case 'retry':
      return change(view, { status: 'failed', endedAt: now, error: happening.error, retryAt: now + happening.delayMs });
    case 'finish':
      return change(view, { status: 'done', endedAt: now, finishReason: happening.finishReason, usage: happening.usage });
    case 'error': {
      const { error, requestId } = happening;
      // The breaker, like a request that cannot be made, ends a call before there is an attempt.
      const isRefused = error.category === 'circuit-open' || view.lanes.at(-1)?.requestId !== requestId;
      const known = isRefused ? { ...view, lanes: [...view.lanes, newLane(happening, now)] } : view;
      return change(known, { status: isRefused ? 'refused' : 'failed', endedAt: now, error });
    }
    case 'recovery':
      return change(view, { status: 'failed', endedAt: now, error: happening.error, retryAt: now + happening.delayMs });
    case 'fallback':
      return change(view, { status: 'failed', endedAt: now, error: happening.error });
    // The attempt that waits for its turn says so by waiting; what a stopped answer has cost comes after its end.
    case 'cooldown':
    case 'usage':
    // The same is said by what follows.
    case 'begin':
    case 'attempt-end':
    case 'refusal':
    case 'seam':
    case 'restart':
      return view;
    case 'cancel':
      return change(view, { status: 'cancelled', endedAt: now });
  }
}

function newLane({ requestId, attempt, elapsedMs }: MomentOfCall, now: number): Lane {
  return { requestId, attempt, callBegunAt: now - elapsedMs, status: 'connecting', begunAt: now, text: '', reasoning: '', deltas: 0 };
}

/** Calls are made one after the other: what happens, happens to the last lane. */
function change(view: View, what: Partial<Lane> | ((lane: Lane) => Partial<Lane>)): View {
  const lane = view.lanes.at(-1);
  if (lane === undefined) return view;
  return { ...view, lanes: view.lanes.with(-1, { ...lane, ...(typeof what === 'function' ? what(lane) : what) }) };
}
