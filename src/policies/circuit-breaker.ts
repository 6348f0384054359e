import { defaults } from '../core/defaults.ts';
import type { BreakerState } from '../core/lifecycle.ts';
import { type Admission, BreakerPermit, type PermitJudge, type StartOutcome } from './breaker-permit.ts';
import type { BreakerChange, BreakerSettings, BreakerSnapshot, StoredBreaker } from './circuit-breaker-config.ts';
import { HalfOpenProbes } from './half-open-probes.ts';
import { OutcomeWindow } from './outcome-window.ts';
import { PendingPermits } from './pending-permits.ts';

/** What the breaker is given from outside: time, chance, and somebody to tell. */
export interface BreakerSurroundings {
  readonly now: () => number;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Told also for how long the provider asked to wait, with the failure that opened the breaker; 0 if it did not. */
  readonly onChange: (change: BreakerChange, retryAfterMs: number) => void;
}

/**
 * A circuit breaker for streams: a plain state machine over a clock.
 *
 * It judges a start at first content, counts deaths after content apart, counts what was cancelled as nothing, and believes no outcome
 * from before its last change of state. The arithmetic, and why each number is what it is, stands in [docs/policies.md](../../docs/policies.md).
 */
export class CircuitBreakerMachine implements PermitJudge {
  readonly #settings: BreakerSettings;
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
  #probes: HalfOpenProbes;
  #stale = 0;

  constructor(settings: BreakerSettings, surroundings: BreakerSurroundings) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#probes = new HalfOpenProbes(settings.probeTimeout);
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
    if (this.#state === 'half-open') this.#probes.add(permit);
    return { permit };
  }

  /** Milliseconds until a request may be let through; 0 if it would be now. Changes nothing. */
  retryAfter(): number {
    const now = this.#surroundings.now();
    return this.#settings.shadow || this.#waitIsOver(now) ? 0 : this.#refusedFor(now);
  }

  /**
   * Opens it for so long, and by chance for up to half of `openFor` longer, so that those who are told at once do not probe at once. A longer
   * wait replaces a shorter one, never the reverse. While it is being probed, or isolated, it stays as it is.
   */
  trip(openForMs: number): void {
    const now = this.#surroundings.now();
    const { openFor, maxOpenFor } = this.#settings;
    const isOpen = this.#state === 'open';
    if (!(openForMs > 0) || !(isOpen || this.#state === 'closed')) return;
    if (isOpen && now + Math.min(openForMs, maxOpenFor) <= this.#openUntil) return;
    const length = openForMs === Number.POSITIVE_INFINITY ? openForMs : openForMs + (this.#chance() * Math.min(openForMs, openFor)) / 2;
    const lasts = Math.ceil(Math.min(maxOpenFor, length));
    this.#openUntil = now + lasts;
    if (!isOpen) this.#change('open', 'by-hand', lasts);
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
  settleStart(permit: BreakerPermit, outcome: StartOutcome, retryAfterMs = 0): void {
    const now = this.#surroundings.now();
    this.#pending.remove(permit.at);
    if (permit.generation !== this.#generation) {
      if (outcome !== 'released') this.#stale++;
      return;
    }
    if (this.#state === 'half-open') this.#judgeProbe(permit, outcome, retryAfterMs, now);
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

  #countStart(permit: BreakerPermit, outcome: StartOutcome, retryAfterMs: number, now: number): void {
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

  #judgeProbe(permit: BreakerPermit, outcome: StartOutcome, retryAfterMs: number, now: number): void {
    const verdict = this.#probes.judge(permit, outcome, now);
    if (verdict === 'open') this.#open('probe', retryAfterMs);
    else if (verdict === 'close') {
      this.#window.clear();
      this.#run = 0;
      this.#change('closed', 'probe');
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
    return this.#probes.hasPlace(now) ? 0 : this.#settings.openFor;
  }

  #exceeds(part: number, whole: number): boolean {
    return whole >= this.#settings.minOutcomes && part / whole >= this.#settings.failureRatio;
  }

  #isSlow(now: number): boolean {
    const { slow, contents } = this.#window.sum(now);
    // The young may still turn out well, and so say nothing yet; the old are on their way to be slow.
    return this.#exceeds(slow, slow + contents + this.#pending.total - this.#pending.young(now));
  }

  #open(reason: BreakerChange['reason'], retryAfterMs: number): void {
    const now = this.#surroundings.now();
    const { openFor, maxOpenFor, resetAfter } = this.#settings;
    if (this.#state === 'closed' && now - this.#closedAt >= resetAfter) this.#openings = 0;
    const length = Math.min(maxOpenFor, openFor * 2 ** this.#openings);
    const spread = length === Number.POSITIVE_INFINITY ? length : length / 2 + (this.#chance() * length) / 2;
    const openForMs = Math.ceil(Math.min(maxOpenFor, Math.max(spread, retryAfterMs)));
    this.#openings++;
    this.#openUntil = now + openForMs;
    this.#change('open', reason, openForMs, retryAfterMs);
  }

  #chance(): number {
    return Math.min(1, Math.max(0, this.#surroundings.random() || 0));
  }

  #change(to: BreakerState, reason: BreakerChange['reason'], openForMs?: number, retryAfterMs = 0): void {
    const from = this.#state;
    this.#closedBy = to === 'closed' && reason === 'probe' ? this.#generation : -1;
    this.#state = to;
    this.#generation++;
    this.#probes = new HalfOpenProbes(this.#settings.probeTimeout);
    if (to === 'closed') this.#closedAt = this.#surroundings.now();
    this.#surroundings.onChange({ from, to, reason, openForMs }, retryAfterMs);
  }
}
