import type { BreakerState } from '../../src/index.ts';
import { VirtualClock } from './clock.ts';
import type { Consumer, Contender, Outcome } from './contenders.ts';
import { exponential, randomOf } from './random.ts';
import { type Conditions, healthy, SimulatedProvider } from './simulated-provider.ts';

/** What happens in one run. Times are milliseconds. */
export interface Plan {
  readonly conditions: Conditions;
  /** When the trouble begins and ends. */
  readonly trouble: readonly [start: number, end: number];
  /** Until when calls are made. */
  readonly until: number;
  /** Calls a second over all processes, at random moments. */
  readonly rate: number;
  readonly processes: number;
  /** Calls that begin in one moment, at the beginning of the trouble, each with a process of its turn. */
  readonly together?: number | undefined;
  /** A call of one process that begins then. */
  readonly herald?: number | undefined;
  /** When the caller gives up a call that has no content yet. */
  readonly patience?: number | undefined;
  /** The share of calls that are abandoned within a second. */
  readonly fickle?: number | undefined;
  readonly hasFallback?: boolean | undefined;
  /** How many tenants share the processes; default: nobody says whose a call is. */
  readonly tenants?: number | undefined;
  /** Whether the library is told whose a call is. */
  readonly hasAccounts?: boolean | undefined;
  readonly seed: number;
}

/** Calls that began in a stretch of time. */
export interface Calls {
  calls: number;
  served: number;
  byFallback: number;
  failed: number;
  /** Turned away on this side. */
  refused: number;
  abandoned: number;
  /** Lost calls of all tenants but the first. */
  othersLost: number;
  /** Calls that came to content, and how long they waited for it in all. */
  arrived: number;
  waited: number;
  /** Requests that were made to the provider. */
  requests: number;
}

/** What came of one run. */
export interface Report {
  readonly before: Calls;
  readonly during: Calls;
  readonly after: Calls;
  /** Milliseconds after the end of the trouble until the last call that began after it failed; 0 if none did. */
  readonly lastFailure: number;
  /** Milliseconds after the end of the trouble until every breaker was closed; 0 if all were, `null` if one never was. */
  readonly closedAfter: number | null;
  /** Milliseconds after the beginning of the trouble until a breaker opened; `null` if none did. */
  readonly openedAfter: number | null;
  readonly openings: number;
  /** Milliseconds after the beginning of the trouble until the last call that began in it was served. */
  readonly servedAfter: number;
  readonly limited: number;
  /** Tokens spent on retries, and retries that reached the provider. */
  readonly tokens: number;
  readonly retries: number;
  /** Why calls failed. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Plays a plan with one contender, in virtual time. */
export async function play(plan: Plan, { make, settles }: Contender): Promise<Report> {
  const { trouble, rate, processes, seed } = plan;
  const [start, end] = trouble;
  const clock = new VirtualClock();
  clock.install();
  const provider = new SimulatedProvider(clock, plan.conditions, randomOf(seed * 7 + 1));
  const fallback = plan.hasFallback ? new SimulatedProvider(clock, healthy, randomOf(seed * 7 + 2)) : undefined;
  const random = randomOf(seed * 7 + 3);

  const phases = { before: noCalls(), during: noCalls(), after: noCalls() };
  const phaseOf = (at: number): Calls => phases[at < start ? 'before' : at < end ? 'during' : 'after'];
  const reasons: Record<string, number> = {};
  const breakers = new Map<number, BreakerState>();
  let lastFailure = 0;
  let closedAfter: number | null = 0;
  let openedAfter: number | null = null;
  let openings = 0;
  let servedAfter = 0;

  const callers = Array.from({ length: processes }, (_, index) =>
    make({
      provider,
      fallback,
      seed: seed * 1_000 + index,
      hasAccounts: plan.hasAccounts ?? false,
      onBreaker: ({ to }) => {
        breakers.set(index, to);
        if (to === 'open') {
          openings++;
          openedAfter ??= clock.now - start;
        }
        if (to === 'closed' && clock.now >= end) closedAfter = clock.now - end;
      },
    }),
  );

  const call = (caller: (typeof callers)[number]): void => {
    const began = clock.now;
    const phase = phaseOf(began);
    const tenant = plan.tenants ? Math.floor(random() * plan.tenants) : 0;
    let isOver = false;
    phase.calls++;
    const settle = (outcome: Outcome, reason: string): void => {
      isOver = true;
      if (outcome === 'served') phase.served++;
      else if (outcome === 'by-fallback') phase.byFallback++;
      else {
        phase[outcome]++;
        if (tenant > 0) phase.othersLost++;
        reasons[reason] = (reasons[reason] ?? 0) + 1;
        if (began >= end) lastFailure = Math.max(lastFailure, clock.now - end);
      }
    };
    let hasContent = false;
    const consumer: Consumer = {
      content: () => {
        hasContent = true;
        phase.arrived++;
        phase.waited += clock.now - began;
        if (began >= start && began < end) servedAfter = Math.max(servedAfter, clock.now - start);
      },
      end: (outcome, reason) => {
        if (!isOver) settle(outcome, reason);
      },
    };
    const abandon = caller.call(consumer, tenant);
    const giveUp = (): void => {
      if (isOver) return;
      isOver = true;
      phase.abandoned++;
      abandon();
    };
    if (plan.patience !== undefined && !isOver) clock.after(plan.patience, () => !hasContent && giveUp());
    if (plan.fickle !== undefined && began >= end && random() < plan.fickle) clock.after(random() * 1_000, giveUp);
  };

  const arrive = (): void => {
    call(callers[Math.floor(random() * processes)] as (typeof callers)[number]);
    next();
  };
  const next = (): void => {
    const gap = exponential(random, 1_000 / rate);
    if (clock.now + gap < plan.until) clock.after(gap, arrive);
  };
  if (rate > 0) next();
  if (plan.herald !== undefined) {
    const [first] = callers;
    clock.after(plan.herald, () => first && call(first));
  }
  if (plan.together) {
    clock.after(start, () => {
      for (let index = 0; index < (plan.together ?? 0); index++) call(callers[index % processes] as (typeof callers)[number]);
    });
  }

  await clock.runUntil(plan.until + lingering, settles);
  for (const at of provider.requests) phaseOf(at).requests++;
  if ([...breakers.values()].some((state) => state !== 'closed')) closedAfter = null;
  const tokens = callers.reduce((sum, caller) => sum + (caller.tokens ?? 0), 0);
  const retries = callers.reduce((sum, caller) => sum + (caller.retries ?? 0), 0);
  return { ...phases, lastFailure, closedAfter, openedAfter, openings, servedAfter, limited: provider.limited, tokens, retries, reasons };
}

/** How long the calls that were begun are given to end. */
const lingering = 900_000;

function noCalls(): Calls {
  return { calls: 0, served: 0, byFallback: 0, failed: 0, refused: 0, abandoned: 0, othersLost: 0, arrived: 0, waited: 0, requests: 0 };
}
