/** The circuit breaker as `policies.md` tells it, over a log of everything that happened: slow, and easy to check by eye. */

export interface ReferenceSettings {
  readonly failureRatio: number;
  readonly minOutcomes: number;
  readonly consecutiveFailures: number;
  readonly window: number;
  readonly slowAfter: number;
  readonly openOnSlow: boolean;
  readonly openFor: number;
  readonly maxOpenFor: number;
  readonly resetAfter: number;
  readonly probeTimeout: number;
}

export interface ReferencePermit {
  readonly era: number;
  readonly at: number;
  stage: 'pending' | 'arrived' | 'settled';
  probe: boolean;
}

type Kind = 'content' | 'error' | 'terminal' | 'death' | 'slow';
type State = 'closed' | 'open' | 'half-open' | 'isolated';

export interface ReferenceChange {
  readonly from: State;
  readonly to: State;
  readonly reason: string;
  readonly openForMs?: number | undefined;
}

const buckets = 10;
const youngFor = 10_000;

export class ReferenceBreaker {
  state: State = 'closed';
  readonly changes: ReferenceChange[] = [];
  readonly permits: ReferencePermit[] = [];
  /** One a state; an outcome of an older one counts for nothing. */
  #era = 0;
  /** The half-open that closed the breaker. */
  #healer = -1;
  #log: { kind: Kind; at: number }[] = [];
  #run = 0;
  #lastFailure = Number.NEGATIVE_INFINITY;
  #openUntil = 0;
  #openings = 0;
  #closedAt = 0;
  #verdicts: boolean[] = [];
  #passedFirst = false;
  readonly settings: ReferenceSettings;
  readonly chance: number;

  constructor(settings: ReferenceSettings, chance: number) {
    this.settings = settings;
    this.chance = chance;
  }

  openLeft(now: number): number {
    return Math.max(0, this.#openUntil - now);
  }

  /** Probes that hold a place: one that took too long has lost it. */
  probes(now: number): ReferencePermit[] {
    for (const permit of this.permits) if (permit.probe && now - permit.at >= this.settings.probeTimeout) permit.probe = false;
    return this.permits.filter(({ probe }) => probe);
  }

  retryAfter(now: number): number {
    if (this.state === 'isolated') return this.settings.maxOpenFor;
    // A timer may be a millisecond early.
    if (this.state === 'open') return this.openLeft(now) <= 1 ? 0 : this.openLeft(now);
    if (this.state === 'closed') return 0;
    const places = this.#passedFirst ? 3 - this.#verdicts.length : 1;
    return this.probes(now).length < places ? 0 : this.settings.openFor;
  }

  /** The permit, or how long to wait. */
  acquire(now: number): ReferencePermit | number {
    const wait = this.retryAfter(now);
    if (wait > 0) return wait;
    if (this.state === 'open') this.#turn('half-open', 'wait-over', now);
    const permit: ReferencePermit = { era: this.#era, at: now, stage: 'pending', probe: this.state === 'half-open' };
    this.permits.push(permit);
    return permit;
  }

  arrive(permit: ReferencePermit, now: number): void {
    if (permit.stage !== 'pending') return;
    const held = this.#leaveStart(permit, now, 'arrived');
    if (permit.era !== this.#era) return;
    if (this.state === 'closed') {
      this.#run = 0;
      this.#log.push({ kind: 'content', at: now });
    } else if (held) this.#judge(true, 0, now);
  }

  finish(permit: ReferencePermit, now: number): void {
    this.arrive(permit, now);
    if (permit.stage === 'arrived') this.#end(permit, 'terminal', 0, now);
  }

  fail(permit: ReferencePermit, outcome: 'failure' | 'neutral' | 'success', retryAfterMs: number, now: number): void {
    if (permit.stage === 'arrived') {
      if (outcome === 'failure') this.#end(permit, 'death', retryAfterMs, now);
      permit.stage = 'settled';
      return;
    }
    if (permit.stage === 'settled') return;
    if (outcome === 'success') {
      this.arrive(permit, now);
      permit.stage = 'settled';
      return;
    }
    const held = this.#leaveStart(permit, now, 'settled');
    if (outcome === 'neutral' || permit.era !== this.#era) return;
    if (held) this.#judge(false, retryAfterMs, now);
    if (this.state !== 'closed') return;
    this.#run = now - this.#lastFailure > this.settings.window ? 1 : this.#run + 1;
    this.#lastFailure = now;
    this.#log.push({ kind: 'error', at: now });
    const errors = this.count('error', now);
    const seen = errors + this.count('content', now) + this.young(now);
    if (this.#speaks(errors, seen)) this.#open('failure-ratio', retryAfterMs, now);
    else if (seen < this.settings.minOutcomes && this.#run >= this.settings.consecutiveFailures)
      this.#open('consecutive-failures', retryAfterMs, now);
  }

  release(permit: ReferencePermit, now: number): void {
    if (permit.stage === 'arrived') permit.stage = 'settled';
    if (permit.stage === 'settled') return;
    this.#leaveStart(permit, now, 'settled');
    if (permit.era !== this.#era || this.state !== 'closed' || now - permit.at < this.settings.slowAfter) return;
    this.#log.push({ kind: 'slow', at: now });
    if (this.settings.openOnSlow && this.degraded(now)) this.#open('slow-ratio', 0, now);
  }

  isolate(now: number): void {
    if (this.state !== 'isolated') this.#turn('isolated', 'by-hand', now);
  }

  reset(now: number): void {
    this.#log = [];
    this.#run = 0;
    this.#openings = 0;
    if (this.state !== 'closed') this.#turn('closed', 'by-hand', now);
  }

  young(now: number): number {
    return this.permits.filter(({ stage, at }) => stage === 'pending' && now - at < youngFor).length;
  }

  get pending(): number {
    return this.permits.filter(({ stage }) => stage === 'pending').length;
  }

  degraded(now: number): boolean {
    const slow = this.count('slow', now);
    return this.#speaks(slow, slow + this.count('content', now) + this.pending - this.young(now));
  }

  ratio(part: Kind, rest: Kind, now: number): number {
    return this.count(part, now) / Math.max(1, this.count(part, now) + this.count(rest, now));
  }

  /** A recount over the newest buckets: two, and as many more within the window as it takes to see enough. */
  count(kind: Kind, now: number): number {
    const width = this.settings.window / buckets;
    const age = (at: number) => Math.floor(now / width) - Math.floor(at / width);
    const pair: Kind[] = kind === 'terminal' || kind === 'death' ? ['terminal', 'death'] : ['content', 'error'];
    const within = (depth: number, kinds: Kind[]) => this.#log.filter((each) => kinds.includes(each.kind) && age(each.at) < depth).length;
    let depth = 2;
    while (depth < buckets && within(depth, pair) < this.settings.minOutcomes) depth++;
    return within(depth, [kind]);
  }

  /** @returns Whether a place of a probe was held until now. */
  #leaveStart(permit: ReferencePermit, now: number, stage: 'arrived' | 'settled'): boolean {
    const held = this.probes(now).includes(permit);
    permit.probe = false;
    permit.stage = stage;
    return held;
  }

  #end(permit: ReferencePermit, kind: 'terminal' | 'death', retryAfterMs: number, now: number): void {
    permit.stage = 'settled';
    if (this.state !== 'closed' || (permit.era !== this.#era && permit.era !== this.#healer)) return;
    this.#log.push({ kind, at: now });
    const deaths = this.count('death', now);
    if (kind === 'death' && this.#speaks(deaths, deaths + this.count('terminal', now))) this.#open('death-ratio', retryAfterMs, now);
  }

  #judge(isGood: boolean, retryAfterMs: number, now: number): void {
    if (!this.#passedFirst) {
      if (isGood) this.#passedFirst = true;
      else this.#open('probe', retryAfterMs, now);
      return;
    }
    this.#verdicts.push(isGood);
    const good = this.#verdicts.filter(Boolean).length;
    if (good === 2) {
      const healer = this.#era;
      this.#log = [];
      this.#run = 0;
      this.#turn('closed', 'probe', now);
      this.#healer = healer;
    } else if (this.#verdicts.length - good === 2) this.#open('probe', retryAfterMs, now);
  }

  #speaks(part: number, whole: number): boolean {
    return whole >= this.settings.minOutcomes && part / whole >= this.settings.failureRatio;
  }

  #open(reason: string, retryAfterMs: number, now: number): void {
    if (this.state === 'closed' && now - this.#closedAt >= this.settings.resetAfter) this.#openings = 0;
    const whole = Math.min(this.settings.maxOpenFor, this.settings.openFor * 2 ** this.#openings++);
    const openForMs = Math.ceil(Math.min(this.settings.maxOpenFor, Math.max(retryAfterMs, whole / 2 + (this.chance * whole) / 2)));
    this.#openUntil = now + openForMs;
    this.#turn('open', reason, now, openForMs);
  }

  #turn(to: State, reason: string, now: number, openForMs?: number): void {
    this.changes.push({ from: this.state, to, reason, openForMs });
    this.state = to;
    this.#era++;
    this.#healer = -1;
    this.#verdicts = [];
    this.#passedFirst = false;
    for (const permit of this.permits) permit.probe = false;
    if (to === 'closed') this.#closedAt = now;
  }
}
