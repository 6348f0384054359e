import { z } from 'zod';
import { defaults } from '../core/defaults.ts';
import type { BreakerReason, BreakerState } from '../core/lifecycle.ts';
import { callback, count, milliseconds, within } from '../core/options.ts';
import { OutcomeWindow } from './outcome-window.ts';
import { PendingPermits } from './pending-permits.ts';

/** A change of state, and why. */
export interface BreakerChange {
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly reason: BreakerReason;
  /** How long the breaker stays open, when it opens. */
  readonly openForMs?: number | undefined;
}

/** What a breaker has seen lately. */
export interface BreakerSnapshot {
  readonly state: BreakerState;
  /** Failures before first content, of all that failed or arrived; 0 to 1. */
  readonly failureRatio: number;
  /** Deaths after first content, of all that died or ended; 0 to 1. */
  readonly deathRatio: number;
  /** Half or more of the attempts are given up before first content. The breaker opens for that only with `openOnSlow`. */
  readonly degraded: boolean;
  readonly pending: number;
  /** Outcomes that came from before the last change of state, and moved nothing. */
  readonly stale: number;
  /** Milliseconds until a probe is let through, while open. */
  readonly retryAfterMs: number | undefined;
}

/** What a breaker has to remember when its process ends: for `createCircuitBreaker({ initial })`. */
export interface StoredBreaker {
  readonly version: 1;
  readonly state: BreakerState;
  /** A time in milliseconds since 1970. */
  readonly openUntil: number;
  /** Openings in a row, for the doubling. */
  readonly openings: number;
}

/** When a circuit breaker opens and closes. Times are milliseconds. */
export interface CircuitBreakerConfig {
  /** The share of failures from which it opens; 0 to 1. Default: 0.5. */
  readonly failureRatio?: number | undefined;
  /** Outcomes below which no ratio speaks. Default: 20. */
  readonly minOutcomes?: number | undefined;
  /** Failures in a row that open it while there are fewer outcomes than `minOutcomes`. Default: 5. */
  readonly consecutiveFailures?: number | undefined;
  /** How far back outcomes count. Default: 60,000. */
  readonly window?: number | undefined;
  /** An attempt given up before first content after this long is slow, a younger one is nothing. Default: 15,000. */
  readonly slowAfter?: number | undefined;
  /** Whether slowness opens it; right where a fallback is configured. Default: false. */
  readonly openOnSlow?: boolean | undefined;
  /** How long it is open at first, halved at random at most; doubles with each opening in turn. Default: 5,000. */
  readonly openFor?: number | undefined;
  /** Default: 30,000. */
  readonly maxOpenFor?: number | undefined;
  /** Closed for this long, the doubling is forgotten. Default: 60,000. */
  readonly resetAfter?: number | undefined;
  /** How long a probe may take to show content before its place is given to another. Default: 160,000. */
  readonly probeTimeout?: number | undefined;
  /** A number from 0 up to 1 that spreads the time it is open. Default: seeded anew for each breaker. */
  readonly random?: (() => number) | undefined;
  /** What `toJSON()` gave in an earlier process. A breaker that was being probed is open, and may be probed at once. Default: closed. */
  readonly initial?: StoredBreaker | undefined;
  /** Counts and reports, but lets everything through. Default: false. */
  readonly shadow?: boolean | undefined;
}

const ratio = () => within(0.01, 1).default(defaults.breaker.failureRatio);

/** The options of a breaker, checked; defaults filled in. */
export const breakerSchema = z.strictObject({
  failureRatio: ratio(),
  minOutcomes: count(1).default(defaults.breaker.minOutcomes),
  consecutiveFailures: count(1).default(defaults.breaker.consecutiveFailures),
  window: milliseconds(100).default(defaults.breaker.window),
  slowAfter: milliseconds(1).default(defaults.breaker.slowAfter),
  openOnSlow: z.boolean({ error: 'must be true or false' }).default(false),
  openFor: milliseconds(1).default(defaults.breaker.openFor),
  maxOpenFor: milliseconds(1).default(defaults.breaker.maxOpenFor),
  resetAfter: milliseconds(0).default(defaults.breaker.resetAfter),
  probeTimeout: milliseconds(1).default(defaults.breaker.probeTimeout),
  random: callback<() => number>().optional(),
  initial: z
    .strictObject({
      version: z.literal(1),
      state: z.enum(['closed', 'open', 'half-open', 'isolated']),
      openUntil: z.number(),
      openings: count(0),
    })
    .optional(),
  shadow: z.boolean({ error: 'must be true or false' }).default(false),
});

/** What the breaker is given from outside: time, chance, and somebody to tell. */
export interface BreakerSurroundings {
  readonly now: () => number;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly onChange: (change: BreakerChange) => void;
}

/** Leave to make one request. Every way to end it works once; ending it again does nothing. */
export interface Permit {
  /** First content came: the verdict on the start. */
  arrive(): void;
  /** The stream ended as it should. */
  finish(): void;
  /** The attempt failed, or the stream died: `outcome` says how its category counts. */
  fail(outcome: 'failure' | 'success' | 'neutral', retryAfterMs?: number): void;
  /** Nobody wants the answer any more. */
  release(): void;
}

/** The answer to a request for a permit. */
export type Admission = { readonly permit: Permit } | { readonly retryAfterMs: number };

/** The probes of one half-open: one alone, then three of which two must succeed. */
interface Probes {
  stage: 'first' | 'further';
  successes: number;
  failures: number;
  readonly running: Set<BreakerPermit>;
}

/**
 * A circuit breaker for streams: a plain state machine over a clock.
 *
 * It judges a start at first content, counts deaths after content apart, counts what was cancelled as nothing, and believes no outcome
 * from before its last change of state. The arithmetic, and why each number is what it is, stands in `docs/policies.md`.
 */
export class CircuitBreakerMachine {
  readonly #settings: z.output<typeof breakerSchema>;
  readonly #surroundings: BreakerSurroundings;
  readonly #window: OutcomeWindow;
  readonly #pending = new PendingPermits(defaults.breaker.pendingFor);
  #state: BreakerState = 'closed';
  /** Counts changes of state: an outcome of an older generation moves nothing. */
  #generation = 0;
  /** The half-open generation whose probes closed the breaker: their deaths still count. */
  #closedBy = -1;
  #openUntil = 0;
  #openings = 0;
  #closedAt = 0;
  #run = 0;
  #lastFailure = Number.NEGATIVE_INFINITY;
  #probes: Probes = newProbes();
  #stale = 0;

  constructor(settings: z.output<typeof breakerSchema>, surroundings: BreakerSurroundings) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    const { state = 'closed', openUntil = 0, openings = 0 } = settings.initial ?? {};
    this.#state = state === 'half-open' ? 'open' : state;
    this.#openUntil = openUntil;
    this.#openings = openings;
    this.#window = new OutcomeWindow(settings.window, defaults.breaker.buckets, settings.minOutcomes);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Asks to make a request. */
  acquire(): Admission {
    const now = this.#surroundings.now();
    if (this.#waitIsOver(now)) this.#change('half-open', 'wait-over');
    const refusedFor = this.#refusedFor(now);
    if (refusedFor > 0 && !this.#settings.shadow) return { retryAfterMs: refusedFor };
    const permit = new BreakerPermit(this, this.#generation, now);
    this.#pending.add(now);
    if (this.#state === 'half-open') this.#probes.running.add(permit);
    return { permit };
  }

  /** Milliseconds until a request may be let through; 0 if it would be now. Changes nothing. */
  retryAfter(): number {
    const now = this.#surroundings.now();
    return this.#settings.shadow || this.#waitIsOver(now) ? 0 : this.#refusedFor(now);
  }

  isolate(): void {
    if (this.#state !== 'isolated') this.#change('isolated', 'by-hand');
  }

  reset(): void {
    this.#openings = 0;
    this.#run = 0;
    this.#window.clear();
    if (this.#state !== 'closed') this.#change('closed', 'by-hand');
  }

  snapshot(): BreakerSnapshot {
    const now = this.#surroundings.now();
    const { contents, errors, terminals, deaths } = this.#window.sum(now);
    return {
      state: this.#state,
      failureRatio: errors / Math.max(1, errors + contents),
      deathRatio: deaths / Math.max(1, deaths + terminals),
      degraded: this.#isSlow(now),
      pending: this.#pending.total,
      stale: this.#stale,
      retryAfterMs: this.#state === 'open' ? Math.max(0, this.#openUntil - now) : undefined,
    };
  }

  toJSON(): StoredBreaker {
    return { version: 1, state: this.#state, openUntil: this.#openUntil, openings: this.#openings };
  }

  /** @internal */
  settleStart(permit: BreakerPermit, outcome: 'failure' | 'success' | 'neutral' | 'released', retryAfterMs = 0): void {
    const now = this.#surroundings.now();
    this.#pending.remove(permit.at);
    if (permit.generation !== this.#generation) {
      if (outcome !== 'released') this.#stale++;
      return;
    }
    if (this.#state === 'half-open') this.#judgeProbe(permit, outcome, retryAfterMs);
    else if (this.#state === 'closed') this.#countStart(permit, outcome, retryAfterMs, now);
  }

  /** @internal */
  settleEnd(permit: BreakerPermit, outcome: 'terminals' | 'deaths', retryAfterMs = 0): void {
    const isCurrent = permit.generation === this.#generation || permit.generation === this.#closedBy;
    if (this.#state !== 'closed' || !isCurrent) return;
    const now = this.#surroundings.now();
    this.#window.add(outcome, now);
    if (outcome === 'terminals') return;
    const { terminals, deaths } = this.#window.sum(now);
    if (this.#exceeds(deaths, deaths + terminals)) this.#open('death-ratio', retryAfterMs);
  }

  #countStart(permit: BreakerPermit, outcome: 'failure' | 'success' | 'neutral' | 'released', retryAfterMs: number, now: number): void {
    if (outcome === 'success') {
      this.#run = 0;
      this.#window.add('contents', now);
    } else if (outcome === 'failure') {
      if (now - this.#lastFailure > this.#settings.window) this.#run = 0;
      this.#run++;
      this.#lastFailure = now;
      this.#window.add('errors', now);
      const { contents, errors } = this.#window.sum(now);
      const seen = contents + errors + this.#pending.young(now);
      if (this.#exceeds(errors, seen)) this.#open('failure-ratio', retryAfterMs);
      // A run speaks only where there is too little for a ratio: failures answer sooner than successes, so that among many
      // streams begun together a few failures always come first, in a row.
      else if (seen < this.#settings.minOutcomes && this.#run >= this.#settings.consecutiveFailures) {
        this.#open('consecutive-failures', retryAfterMs);
      }
    } else if (outcome === 'released' && now - permit.at >= this.#settings.slowAfter) {
      this.#window.add('slow', now);
      if (this.#settings.openOnSlow && this.#isSlow(now)) this.#open('slow-ratio', 0);
    }
  }

  #judgeProbe(permit: BreakerPermit, outcome: 'failure' | 'success' | 'neutral' | 'released', retryAfterMs: number): void {
    const probes = this.#probes;
    // One that took too long has lost its place, and whatever it says comes too late.
    const isLate = this.#surroundings.now() - permit.at >= this.#settings.probeTimeout;
    if (!probes.running.delete(permit) || isLate) return;
    if (outcome === 'failure') probes.failures++;
    else if (outcome === 'success') probes.successes++;
    else return;
    if (probes.stage === 'first') {
      if (probes.failures > 0) this.#open('probe', retryAfterMs);
      else this.#probes = { ...newProbes(), stage: 'further' };
    } else if (probes.successes >= defaults.breaker.requiredProbes) {
      this.#window.clear();
      this.#run = 0;
      this.#change('closed', 'probe');
    } else if (probes.failures > defaults.breaker.probes - defaults.breaker.requiredProbes) {
      this.#open('probe', retryAfterMs);
    }
  }

  /** A timer may be a millisecond early by the clock: whoever waited as long as was said is not refused for it. */
  #waitIsOver(now: number): boolean {
    return this.#state === 'open' && now + 1 >= this.#openUntil;
  }

  #refusedFor(now: number): number {
    if (this.#state === 'isolated') return this.#settings.maxOpenFor;
    if (this.#state === 'open') return Math.max(1, this.#openUntil - now);
    if (this.#state !== 'half-open') return 0;
    const { running, stage, successes, failures } = this.#probes;
    for (const probe of running) if (now - probe.at >= this.#settings.probeTimeout) running.delete(probe);
    const places = stage === 'first' ? 1 : defaults.breaker.probes - successes - failures;
    return running.size < places ? 0 : this.#settings.openFor;
  }

  #exceeds(part: number, whole: number): boolean {
    return whole >= this.#settings.minOutcomes && part / whole >= this.#settings.failureRatio;
  }

  #isSlow(now: number): boolean {
    const { slow, contents } = this.#window.sum(now);
    return this.#exceeds(slow, slow + contents + this.#pending.total);
  }

  #open(reason: BreakerChange['reason'], retryAfterMs: number): void {
    const now = this.#surroundings.now();
    const { openFor, maxOpenFor, resetAfter } = this.#settings;
    if (this.#state === 'closed' && now - this.#closedAt >= resetAfter) this.#openings = 0;
    const length = Math.min(maxOpenFor, openFor * 2 ** this.#openings);
    const chance = Math.min(1, Math.max(0, this.#surroundings.random() || 0));
    const spread = length === Number.POSITIVE_INFINITY ? length : length / 2 + (chance * length) / 2;
    const openForMs = Math.ceil(Math.min(maxOpenFor, Math.max(spread, retryAfterMs)));
    this.#openings++;
    this.#openUntil = now + openForMs;
    this.#change('open', reason, openForMs);
  }

  #change(to: BreakerState, reason: BreakerChange['reason'], openForMs?: number): void {
    const from = this.#state;
    this.#closedBy = to === 'closed' && reason === 'probe' ? this.#generation : -1;
    this.#state = to;
    this.#generation++;
    this.#probes = newProbes();
    if (to === 'closed') this.#closedAt = this.#surroundings.now();
    this.#surroundings.onChange({ from, to, reason, openForMs });
  }
}

class BreakerPermit implements Permit {
  readonly #breaker: CircuitBreakerMachine;
  readonly generation: number;
  /** When it was given. */
  readonly at: number;
  #stage: 'pending' | 'arrived' | 'settled' = 'pending';

  constructor(breaker: CircuitBreakerMachine, generation: number, at: number) {
    this.#breaker = breaker;
    this.generation = generation;
    this.at = at;
  }

  arrive(): void {
    if (this.#stage !== 'pending') return;
    this.#stage = 'arrived';
    this.#breaker.settleStart(this, 'success');
  }

  finish(): void {
    this.arrive();
    if (this.#stage !== 'arrived') return;
    this.#stage = 'settled';
    this.#breaker.settleEnd(this, 'terminals');
  }

  fail(outcome: 'failure' | 'success' | 'neutral', retryAfterMs?: number): void {
    const stage = this.#stage;
    this.#stage = 'settled';
    if (stage === 'pending') this.#breaker.settleStart(this, outcome, retryAfterMs);
    else if (stage === 'arrived' && outcome === 'failure') this.#breaker.settleEnd(this, 'deaths', retryAfterMs);
  }

  release(): void {
    const stage = this.#stage;
    this.#stage = 'settled';
    if (stage === 'pending') this.#breaker.settleStart(this, 'released');
  }
}

function newProbes(): Probes {
  return { stage: 'first', successes: 0, failures: 0, running: new Set() };
}
