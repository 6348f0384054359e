import type { Calls, Plan, Report } from './run.ts';
import {
  between,
  type Conditions,
  dyingAt,
  failing,
  failingAt,
  failingFor,
  healthy,
  limitedTo,
  limitedToPerMinute,
  limiting,
  silent,
  slowBy,
} from './simulated-provider.ts';

/** One line of a table: the load, and what else varies. */
export interface Cell {
  /** Calls a second over all processes. */
  readonly rate: number;
  readonly processes: number;
  readonly label?: string | undefined;
  /** The share of whatever the scenario is about. */
  readonly share?: number | undefined;
  /** Whether the others play it too. */
  readonly isCompared?: boolean | undefined;
  /** Played so often. Default: the fewer calls, the more often. */
  readonly runs?: number | undefined;
}

/** A column of a table, over the runs of a cell. */
export interface Column {
  readonly head: string;
  readonly of: (runs: readonly Report[]) => string;
}

/** One kind of trouble, under several loads. */
export interface Scenario {
  readonly title: string;
  /** What `policies.md` says of it. */
  readonly claim: string;
  readonly cells: readonly Cell[];
  readonly columns: readonly Column[];
  readonly plan: (cell: Cell, seed: number) => Plan;
}

const second = 1_000;
const minute = 60 * second;

const sum = (runs: readonly Report[], of: (run: Report) => number): number => runs.reduce((total, run) => total + of(run), 0);
const average = (runs: readonly Report[], of: (run: Report) => number): number => sum(runs, of) / runs.length;
const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`;
const seconds = (milliseconds: number | null): string => (milliseconds === null ? 'never' : `${(milliseconds / second).toFixed(1)} s`);
const lost = ({ failed, refused }: Calls): number => failed + refused;

/** The least and the most of all runs. */
function range<T extends number | null>(values: readonly T[], show: (value: T) => string = String): string {
  const sorted = [...values].sort((a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY));
  const [low, high] = [show(sorted[0] as T), show(sorted.at(-1) as T)];
  return low === high ? low : `${low}..${high}`;
}

function share(head: string, part: (run: Report) => number, whole: (run: Report) => number): Column {
  return { head, of: (runs) => percent(sum(runs, part) / Math.max(1, sum(runs, whole))) };
}

function mean(head: string, of: (run: Report) => number): Column {
  return { head, of: (runs) => average(runs, of).toFixed(1) };
}

function each(head: string, of: (run: Report) => number): Column {
  return { head, of: (runs) => range(runs.map(of)) };
}

const callsDuring = ({ during }: Report): number => during.calls;

const amplification: Column = {
  head: 'req/call',
  of: (runs) => `x${(sum(runs, ({ during }) => during.requests) / Math.max(1, sum(runs, callsDuring))).toFixed(2)}`,
};
const lostDuring = share('lost', ({ during }) => lost(during), callsDuring);
const refusedDuring = share('refused', ({ during }) => during.refused, callsDuring);
const lostAfter = mean('lost after', ({ after }) => lost(after));
const refusedAfter = mean('refused after', ({ after }) => after.refused);
const openings = mean('openings', (run) => run.openings);
const tokens = mean('tokens', (run) => run.tokens);
const wastedTokens = mean('for nothing', (run) => run.tokens - run.retries);
const closedAfter: Column = {
  head: 'closed after',
  of: (runs) =>
    range(
      runs.map((run) => run.closedAfter),
      seconds,
    ),
};
const lastLoss: Column = {
  head: 'last loss (most)',
  of: (runs) => `${seconds(average(runs, (run) => run.lastFailure))} (${seconds(Math.max(...runs.map((run) => run.lastFailure)))})`,
};
const firstContent: Column = {
  head: 'to content',
  of: (runs) =>
    seconds(
      sum(runs, ({ during }) => during.waited) /
        Math.max(
          1,
          sum(runs, ({ during }) => during.arrived),
        ),
    ),
};

/** Trouble for a while, between a minute of health and two; less of both where a second is five hundred calls. */
function troubled(trouble: Conditions, lasts: number, { rate, processes }: Cell, seed: number): Plan {
  const isBusy = rate >= 500;
  const start = isBusy ? 20 * second : minute;
  const end = start + lasts;
  return {
    conditions: between(start, end, trouble),
    trouble: [start, end],
    until: end + (isBusy ? minute : 2 * minute),
    rate,
    processes,
    seed,
  };
}

const load = (rate: number, processes = 1, more: Partial<Cell> = {}): Cell => ({ rate, processes, ...more });
const compared: Partial<Cell> = { isCompared: true };

export const scenarios: Readonly<Record<string, Scenario>> = {
  outage: {
    title: 'Outage of 60 s: every request fails after 200 ms',
    claim: 'x0.12 of its requests (500/s); x0.00 to x0.67; 50 processes at 1/s in all x2.3; tokens that met a closed door 3.2 of 4.0',
    cells: [
      load(0.2),
      load(0.2, 50),
      load(1, 1, compared),
      load(1, 50),
      load(5),
      load(5, 50),
      load(50, 1, compared),
      load(50, 50),
      load(500),
      load(500, 50),
    ],
    columns: [amplification, tokens, wastedTokens, openings, lostAfter, refusedAfter, lastLoss, closedAfter],
    plan: (cell, seed) => troubled(failing, minute, cell, seed),
  },
  'long-outage': {
    title: 'Outage of 30 min',
    claim: 'the last needless failure about 10 s after it, not 160 s; a probe a process each 15 to 30 s',
    cells: [load(0.2), load(2, 1, { ...compared, runs: 8 }), load(5, 50, { runs: 2 })],
    columns: [amplification, openings, lostAfter, refusedAfter, lastLoss, closedAfter],
    plan: (cell, seed) => troubled(failing, 30 * minute, cell, seed),
  },
  fallback: {
    title: 'Outage of 60 s with a fallback',
    claim: 'goes straight to the fallback where the breaker is open',
    cells: [load(1), load(50, 1, compared)],
    columns: [amplification, lostDuring, firstContent, lostAfter],
    plan: (cell, seed) => ({ ...troubled(failing, minute, cell, seed), hasFallback: true }),
  },
  'brown-out': {
    title: 'Brown-out of 60 s: 30 % of requests fail',
    claim: '24 to 25 % of calls fail at 500/s, as without a breaker (98 % with the run rule always armed)',
    cells: [load(1), load(5), load(50, 1, compared), load(50, 50), load(500)],
    columns: [amplification, lostDuring, refusedDuring, openings, lostAfter],
    plan: (cell, seed) => troubled(failingAt(0.3), minute, cell, seed),
  },
  blip: {
    title: 'Blip: 1 s of outage',
    claim: 'no failure after it (6,680 with the run rule always armed, at 500/s)',
    cells: [load(5), load(50, 1, compared), load(50, 50), load(500)],
    columns: [amplification, lostDuring, openings, lostAfter, refusedAfter, lastLoss],
    plan: (cell, seed) => troubled(failing, second, cell, seed),
  },
  burst: {
    title: 'Burst: 500 streams begun together, 5 % errors',
    claim: 'does not trip',
    cells: [load(0, 1, { ...compared, runs: 8 }), load(5), load(0, 50)],
    columns: [each('calls', callsDuring), amplification, lostDuring, refusedDuring, openings],
    plan: ({ rate, processes }, seed) => ({
      conditions: failingAt(0.05),
      trouble: [minute, minute + second],
      until: 2 * minute,
      rate,
      processes,
      together: 500,
      seed,
    }),
  },
  hang: {
    title: 'Hang of 10 min: nothing comes, callers give up after 15 s',
    claim: 'of 3,044 requests (5/s) 79 to 102 hang where a fallback is configured; where none is, all',
    cells: [
      load(0.2, 1, { label: 'fallback', share: 1 }),
      load(5, 1, { label: 'fallback', share: 1, ...compared, runs: 4 }),
      load(5, 50, { label: 'fallback', share: 1, runs: 2 }),
      load(50, 1, { label: 'fallback', share: 1, runs: 1 }),
      load(5, 1, { label: 'none', share: 0, runs: 2 }),
    ],
    columns: [
      each('calls', callsDuring),
      each('hang', ({ during }) => during.abandoned),
      each('served', ({ during }) => during.served + during.byFallback),
      openings,
      {
        head: 'opened at',
        of: (runs) =>
          range(
            runs.map((run) => run.openedAfter),
            seconds,
          ),
      },
      lostAfter,
      closedAfter,
    ],
    plan: (cell, seed) => ({ ...troubled(silent, 10 * minute, cell, seed), patience: 15 * second, hasFallback: cell.share === 1 }),
  },
  slow: {
    title: 'First content after 70 s: after an outage of 60 s, and alone with a fallback',
    claim: 'closes (with a limit on the state it never does); slowness that callers bear refuses nobody',
    cells: [load(0.2), load(5), load(0.2, 1, { label: 'alone', share: 1 }), load(5, 1, { label: 'alone', share: 1 })],
    columns: [openings, lostDuring, lostAfter, refusedAfter, lastLoss, closedAfter],
    plan: (cell, seed) =>
      cell.share === 1
        ? { ...troubled(slowBy(70 * second), 5 * minute, cell, seed), hasFallback: true }
        : {
            ...troubled(failing, minute, cell, seed),
            conditions: between(minute, 2 * minute, failing, between(2 * minute, 20 * minute, slowBy(70 * second))),
            until: 8 * minute,
          },
  },
  'rate-limit': {
    title: 'Rate limit of 5/s, Retry-After 20 s, 200 streams begun together',
    claim:
      '200 served with 221 requests (19 with the wait in the backoff alone, 166 with a random spread, which starves 388 of the arrivals)',
    cells: [
      load(0, 1, { label: 'told before', share: 1, ...compared, runs: 4 }),
      load(0, 1, { label: 'told at once', runs: 4 }),
      load(2, 1, { label: 'and arrivals', share: 1, runs: 4 }),
      load(4, 1, { label: 'and arrivals', share: 1, ...compared, runs: 2 }),
      load(4, 50, { label: 'and arrivals', share: 1, runs: 2 }),
      load(4, 1, { label: '1/s, then 50/s', share: 2, runs: 2 }),
      load(4, 1, { label: '300 a minute', share: 3, runs: 2 }),
    ],
    columns: [
      each('served', ({ during }) => during.served),
      each('lost', ({ during }) => lost(during)),
      each('requests', ({ before, during, after }) => before.requests + during.requests + after.requests),
      each('429', (run) => run.limited),
      {
        head: 'last served',
        of: (runs) =>
          range(
            runs.map((run) => run.servedAfter),
            seconds,
          ),
      },
      mean('later calls', ({ after }) => after.calls),
      mean('later lost', ({ after }) => lost(after)),
    ],
    plan: ({ rate, processes, share }, seed) => {
      const conditions = {
        0: () => limitedTo(5, 20 * second),
        // Whoever comes a second before finds the limit used up, and tells the others.
        1: () => between(minute - 2 * second, minute - second, limiting(20 * second), limitedTo(5, 20 * second)),
        2: () => between(0, 2 * minute, limitedTo(1, 20 * second), limitedTo(50, 20 * second)),
        3: () => limitedToPerMinute(300),
      }[share ?? 0] as () => Conditions;
      return {
        conditions: conditions(),
        trouble: [minute, minute + second],
        until: 10 * minute,
        rate,
        processes,
        together: 200,
        herald: share === 1 ? minute - 2 * second : undefined,
        seed,
      };
    },
  },
  overload: {
    title: 'Overload of 60 s: every request is answered with 529 and Retry-After 5 s',
    claim: 'feeds the cooldown and is nothing to the breaker; one at a time tries',
    cells: [load(1), load(5, 1, compared), load(50), load(5, 50)],
    columns: [
      amplification,
      lostDuring,
      lostAfter,
      lastLoss,
      {
        head: 'last served',
        of: (runs) =>
          range(
            runs.map((run) => run.servedAfter),
            seconds,
          ),
      },
      {
        head: 'later to content',
        of: (runs) =>
          seconds(
            sum(runs, ({ after }) => after.waited) /
              Math.max(
                1,
                sum(runs, ({ after }) => after.arrived),
              ),
          ),
      },
    ],
    plan: (cell, seed) => troubled(limiting(5 * second, 529), minute, cell, seed),
  },
  'limit-blip': {
    title: 'One second of 429 with Retry-After 2 s',
    claim: 'the pace after it begins at 1/s and gains 0.5 a success',
    cells: [load(5), load(50, 1, compared), load(500, 1)],
    columns: [lostDuring, lostAfter, refusedAfter, lastLoss, each('429', (run) => run.limited)],
    plan: (cell, seed) => troubled(limiting(2 * second), second, cell, seed),
  },
  'mid-stream': {
    title: 'Streams that die after first content for 5 min; they last 10 s',
    claim: 'q = 0.2: nothing refused; q = 0.8: 44 to 72 % refused',
    cells: [0.2, 0.4, 0.8].flatMap((share) =>
      [1, 5, 50].map((rate) =>
        load(rate, 1, { share, label: `q ${share}`, isCompared: rate === 5 && share === 0.8, runs: rate === 50 ? 1 : 4 }),
      ),
    ),
    columns: [amplification, lostDuring, refusedDuring, openings, lostAfter, lastLoss],
    plan: (cell, seed) => troubled(dyingAt(cell.share ?? 0), 5 * minute, cell, seed),
  },
  fickle: {
    title: 'Recovery from an outage of 60 s while 80 % of the callers leave within a second',
    claim: 'closes in 27 to 43 s',
    cells: [load(1, 1, compared), load(5), load(50)],
    columns: [openings, refusedAfter, lastLoss, closedAfter],
    plan: (cell, seed) => ({ ...troubled(failing, minute, cell, seed), fickle: 0.8 }),
  },
  tenant: {
    title: 'One of ten tenants fails always, the others at 3 %, for 5 min',
    claim: 'of the others’ calls 0.01 % fail (3.4 % without accounts of the tenants)',
    cells: [
      load(5, 1, { share: 1, label: 'accounts' }),
      load(5, 1, { share: 0, label: 'one account' }),
      load(50, 1, { share: 1, label: 'accounts', runs: 1 }),
    ],
    columns: [
      amplification,
      share(
        'others lost',
        ({ during }) => during.othersLost,
        ({ during }) => during.calls * 0.9,
      ),
      refusedDuring,
      tokens,
    ],
    plan: (cell, seed) => ({ ...troubled(failingFor(0, 0.03), 5 * minute, cell, seed), tenants: 10, hasAccounts: cell.share === 1 }),
  },
  healthy: {
    title: 'Nothing but 5 % errors for 5 min',
    claim: 'nothing refused',
    cells: [load(0.2), load(5, 1, compared), load(5, 50), load(50)],
    columns: [amplification, lostDuring, refusedDuring, openings],
    plan: ({ rate, processes }, seed) => ({
      conditions: failingAt(0.05, healthy),
      trouble: [0, 5 * minute],
      until: 5 * minute,
      rate,
      processes,
      seed,
    }),
  },
};

/** How often a cell is played: the fewer calls, the more often. */
export function runsOf(scenario: Scenario, cell: Cell): number {
  const { until, rate, together = 0 } = scenario.plan(cell, 0);
  const calls = (rate * until) / second + together;
  return cell.runs ?? Math.round(Math.min(16, Math.max(1, 6_000 / Math.max(1, calls))));
}
