import type { Lane, LaneOutcome, Lanes } from '../lane.ts';

/** Time spans to choose from, in milliseconds; the last is all there is. */
export const spans = [15_000, 60_000, 300_000, Number.POSITIVE_INFINITY] as const;

/** What part of it all is looked at. */
export interface View {
  /** `provider model`; empty for all. */
  target: string;
  search: string;
  readonly outcomes: Set<LaneOutcome>;
  onlyRetried: boolean;
  span: number;
  /** The right end, in server time; `undefined` follows now. */
  end: number | undefined;
  /** What is shown while it is paused. */
  frozen: { readonly model: Lanes; readonly now: number } | undefined;
  selected: string | undefined;
}

export function newView(): View {
  return {
    ...{ target: '', search: '', outcomes: new Set(), onlyRetried: false },
    ...{ span: 15_000, end: undefined, frozen: undefined, selected: undefined },
  };
}

/** The part of time that is shown; `from` and `to` in server time. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export function windowOf(view: View, model: Lanes, now: number): Window {
  const isAll = view.span === Number.POSITIVE_INFINITY;
  const first = isAll ? Math.min(now - 1_000, ...[...model.lanes.values()].map(({ startedAt }) => startedAt)) : 0;
  const end = view.end ?? now;
  const length = isAll ? Math.max(1_000, now - first) : view.span;
  // Room for what is about to happen: the waits that run.
  return { from: end - length * (isAll ? 1.02 : 0.94), to: end + length * 0.06 };
}

/** The lanes to show, the newest first. */
export function lanesIn({ target, search, outcomes, onlyRetried }: View, model: Lanes, { from, to }: Window): readonly Lane[] {
  const wanted = search.trim().toLowerCase();
  const lanes: Lane[] = [];
  for (const lane of model.lanes.values()) {
    const isThere = lane.startedAt <= to && (lane.endedAt ?? Number.POSITIVE_INFINITY) >= from;
    if (isThere && isWanted(lane)) lanes.push(lane);
  }
  return lanes.reverse();

  function isWanted(lane: Lane): boolean {
    if (outcomes.size > 0 && !outcomes.has(lane.outcome)) return false;
    if (onlyRetried && lane.retries === 0) return false;
    if (target !== '' && !targetsOf(lane).includes(target)) return false;
    return wanted === '' || textOf(lane).includes(wanted);
  }
}

/** Whom a stream has asked. */
export function targetsOf(lane: Lane): readonly string[] {
  return [`${lane.provider} ${lane.model}`, ...lane.attempts.map(({ provider, model }) => `${provider} ${model}`)];
}

function textOf({ requestId, client, provider, model, error }: Lane): string {
  return `${client} ${provider} ${model} ${requestId} ${error?.category ?? ''} ${error?.code ?? ''} ${error?.status ?? ''}`.toLowerCase();
}
