import type { Lane, LaneAttempt, Lanes } from './lane.ts';
import { noLanes, reduceLanes } from './lanes.ts';
import type { LifecycleRecord } from './lifecycle-record.ts';

/** One event of Chrome's Trace Event format. Times are microseconds. */
export interface TraceEvent {
  /** `X` a span, `i` a moment, `M` a name. */
  readonly ph: 'X' | 'i' | 'M';
  readonly name: string;
  readonly cat?: string | undefined;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number | undefined;
  readonly dur?: number | undefined;
  readonly s?: 't' | undefined;
  readonly args?: Readonly<Record<string, unknown>> | undefined;
}

/** A trace that chrome://tracing and ui.perfetto.dev open. */
export interface ChromeTrace {
  readonly displayTimeUnit: 'ms';
  readonly traceEvents: readonly TraceEvent[];
}

const maxLanes = 100_000;
/** A stream has as many rows as it can have attempts beside each other. */
const rowsOfLane = 4;

/**
 * Records as a trace for chrome://tracing and ui.perfetto.dev: a process for each client, a thread for each stream.
 *
 * @example
 * ```ts
 * await writeFile('trace.json', JSON.stringify(toChromeTrace(await readLifecycle('incident.ndjson'))));
 * ```
 */
export function toChromeTrace(records: readonly LifecycleRecord[]): ChromeTrace {
  return lanesToChromeTrace(reduceLanes(noLanes({ maxLanes }), records));
}

/** The trace of lanes that are there already. */
export function lanesToChromeTrace({ lanes, at: now }: Pick<Lanes, 'lanes' | 'at'>): ChromeTrace {
  const clients = [...new Set([...lanes.values()].map(({ client }) => client))];
  const names = clients.map((client, index): TraceEvent => {
    return { ph: 'M', name: 'process_name', pid: index + 1, tid: 0, args: { name: client || 'client' } };
  });
  const events = [...lanes.values()].flatMap((lane, index) =>
    eventsOf(lane, clients.indexOf(lane.client) + 1, (index + 1) * rowsOfLane, Math.max(now, lane.startedAt)),
  );
  return { displayTimeUnit: 'ms', traceEvents: [...names, ...events] };
}

function eventsOf(lane: Lane, pid: number, tid: number, now: number): TraceEvent[] {
  const { requestId, provider, model, outcome, startedAt, endedAt = now, usage, finishReason, error } = lane;
  const on = (row: number) => ({ pid, tid: tid + row });
  const span = (row: number, name: string, cat: string, from: number, to: number, args: TraceEvent['args'] = {}): TraceEvent => {
    return { ph: 'X', name, cat, ...on(row), ts: micro(from), dur: Math.max(0, micro(to) - micro(from)), args };
  };
  const facts = { requestId, provider, model, outcome, finishReason, usage, error: error?.message };
  const rows: number[] = [];
  return [
    { ph: 'M', name: 'thread_name', ...on(0), args: { name: `${provider} ${model} ${requestId}` } },
    span(0, `${model} ${outcome}`, 'stream', startedAt, endedAt, facts),
    ...lane.attempts.flatMap((attempt) => {
      const row = rowOf(rows, attempt, endedAt);
      const { number, contentAt, endedAt: to = endedAt, error: failure, status, providerRequestId } = attempt;
      const args = { provider: attempt.provider, model: attempt.model, status, providerRequestId, error: failure?.message };
      const bar = span(row, `attempt ${number}${failure ? ` ${failure.category}` : ''}`, 'attempt', attempt.startedAt, to, args);
      return contentAt === undefined ? [bar] : [bar, span(row, 'content', 'content', contentAt, to)];
    }),
    ...lane.waits.map(({ kind, from, until, endedAt: to, category }) => {
      return span(0, `${kind} wait`, 'wait', from, Math.min(to ?? until, endedAt), { category, planned: until - from });
    }),
    ...lane.marks.map(({ at, type, label }): TraceEvent => {
      return { ph: 'i', name: `${type} ${label}`, cat: 'mark', s: 't', ...on(0), ts: micro(at) };
    }),
  ];
}

/** The first row that is free: attempts of a hedge run beside each other, and spans of a thread may only be nested. */
function rowOf(rows: number[], { startedAt, endedAt }: LaneAttempt, now: number): number {
  const free = rows.findIndex((until) => until <= startedAt);
  const row = Math.min(free === -1 ? rows.length : free, rowsOfLane - 1);
  rows[row] = endedAt ?? now;
  return row;
}

function micro(milliseconds: number): number {
  return Math.round(milliseconds * 1_000);
}
