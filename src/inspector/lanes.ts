import type { BreakerView, Lane, LaneLimits, LaneSample, Lanes, LaneTotals } from './lane.ts';
import { afterMoment } from './lane-moment.ts';
import type { Gauges, LifecycleRecord, MomentRecord } from './lifecycle-record.ts';

const defaultLimits: LaneLimits = { maxLanes: 1_000, maxMarks: 32, maxSamples: 1_000 };
/** A search for a lane that has ended would be the costlier, the more are running. */
const maxLooks = 64;

/** Where a model of lanes begins: empty, with how much it keeps. */
export function noLanes(limits: Partial<LaneLimits> = {}): Lanes {
  const totals = { started: 0, running: 0, ok: 0, failed: 0, cancelled: 0, retried: 0, forgotten: 0 };
  return {
    limits: { ...defaultLimits, ...limits },
    lanes: new Map(),
    breakers: new Map(),
    cooldowns: [],
    budgets: [],
    gaugedAt: 0,
    samples: [],
    totals,
    at: 0,
  };
}

/**
 * A model of lanes after some more records: a reducer. Nothing of the model before is changed.
 *
 * However many records there are, and in whatever order, it keeps no more than its limits.
 *
 * @example
 * ```ts
 * const model = reduceLanes(noLanes(), await readLifecycle('incident.ndjson'));
 * for (const lane of model.lanes.values()) console.log(lane.requestId, lane.outcome, lane.attempts.length);
 * ```
 */
export function reduceLanes(model: Lanes, records: readonly LifecycleRecord[]): Lanes {
  if (records.length === 0) return model;
  const draft = new Draft(model);
  for (const record of records) draft.take(record);
  return draft.done();
}

/** One batch's changes: each map is copied once. */
class Draft {
  readonly #limits: LaneLimits;
  readonly #lanes: Map<string, Lane>;
  readonly #breakers: Map<string, BreakerView>;
  #cooldowns: Lanes['cooldowns'];
  #budgets: Lanes['budgets'];
  #gaugedAt: number;
  readonly #samples: LaneSample[];
  readonly #totals: { -readonly [K in keyof LaneTotals]: LaneTotals[K] };
  #at: number;

  constructor({ limits, lanes, breakers, cooldowns, budgets, gaugedAt, samples, totals, at }: Lanes) {
    this.#limits = limits;
    this.#lanes = new Map(lanes);
    this.#breakers = new Map(breakers);
    this.#cooldowns = cooldowns;
    this.#budgets = budgets;
    this.#gaugedAt = gaugedAt;
    this.#samples = [...samples];
    this.#totals = { ...totals };
    this.#at = at;
  }

  take(record: LifecycleRecord): void {
    this.#at = Math.max(this.#at, record.at);
    if (record.type === 'gauges') this.#gauge(record);
    else if (record.type === 'breaker') this.#breaker(record);
    else if ('requestId' in record) this.#moment(record as MomentRecord);
  }

  done(): Lanes {
    const { maxSamples } = this.#limits;
    return {
      limits: this.#limits,
      lanes: this.#lanes,
      breakers: this.#breakers,
      cooldowns: this.#cooldowns,
      budgets: this.#budgets,
      gaugedAt: this.#gaugedAt,
      samples: this.#samples.slice(-maxSamples),
      totals: this.#totals,
      at: this.#at,
    };
  }

  #moment(record: MomentRecord): void {
    const before = this.#laneOf(record);
    if (!before) return;
    const lane = afterMoment(before, record, this.#limits.maxMarks);
    this.#lanes.set(lane.key, lane);
    if (before.retries === 0 && lane.retries > 0) this.#totals.retried++;
    if (before.firstContentAt === undefined && lane.firstContentAt !== undefined) {
      this.#sample({ at: record.at, firstContentMs: record.elapsedMs });
    }
    if (before.outcome !== 'running' || lane.outcome === 'running') return;
    this.#totals.running--;
    this.#totals[lane.outcome]++;
    const tokensPerSecond = speedOf(lane);
    if (tokensPerSecond !== undefined) this.#sample({ at: record.at, tokensPerSecond });
  }

  /** The lane that a record belongs to; `undefined` where its stream has ended, or was let go of and says nothing more. */
  #laneOf(record: MomentRecord): Lane | undefined {
    const { at, client = '', requestId, callId, provider, model, elapsedMs } = record;
    const key = JSON.stringify([client, callId ?? requestId]);
    const known = this.#lanes.get(key);
    if (known) return known.outcome === 'running' || record.type === 'usage' ? known : undefined;
    if (record.type === 'usage') return undefined;
    const lane: Lane = {
      ...{ key, client, requestId, provider, model, startedAt: at - elapsedMs, outcome: 'running' },
      ...{ attempts: [], waits: [], marks: [], retries: 0, dropped: 0 },
    };
    this.#lanes.set(key, lane);
    this.#totals.started++;
    this.#totals.running++;
    this.#makeRoom();
    return lane;
  }

  #makeRoom(): void {
    if (this.#lanes.size <= this.#limits.maxLanes) return;
    let looked = 0;
    let victim: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      victim ??= lane;
      if (lane.outcome !== 'running') victim = lane;
      if (lane.outcome !== 'running' || ++looked > maxLooks) break;
    }
    if (victim) this.#forget(victim);
  }

  #forget({ key, outcome }: Lane): void {
    this.#lanes.delete(key);
    if (outcome !== 'running') return;
    this.#totals.running--;
    this.#totals.forgotten++;
  }

  #sample(sample: LaneSample): void {
    this.#samples.push(sample);
    // Not at each of many.
    if (this.#samples.length > 2 * this.#limits.maxSamples) this.#samples.splice(0, this.#samples.length - this.#limits.maxSamples);
  }

  #breaker(record: Extract<LifecycleRecord, { readonly type: 'breaker' }>): void {
    const { at, client = '', provider, model, to: state, reason, openForMs } = record;
    const key = JSON.stringify([client, provider, model]);
    const before = this.#breakers.get(key);
    // Clients that share it tell of the same change.
    if (before?.state === state && before.since === at) return;
    const openings = (before?.openings ?? 0) + (state === 'open' ? 1 : 0);
    const openUntil = state === 'open' && openForMs !== undefined ? at + openForMs : undefined;
    this.#setBreaker(key, { client, provider, model, state, since: at, reason, openUntil, openings });
  }

  #setBreaker(key: string, breaker: BreakerView): void {
    this.#breakers.set(key, breaker);
    const [oldest] = this.#breakers.keys();
    if (this.#breakers.size > this.#limits.maxSamples && oldest !== undefined) this.#breakers.delete(oldest);
  }

  #gauge({ at, client = '', breakers, cooldowns, budgets }: Gauges & Pick<LifecycleRecord, 'at' | 'client'>): void {
    const { maxSamples } = this.#limits;
    for (const { provider, model, state, failureRatio, retryAfterMs } of breakers.slice(0, maxSamples)) {
      const key = JSON.stringify([client, provider, model]);
      const before = this.#breakers.get(key);
      const isSame = before?.state === state;
      const openUntil = state === 'open' && retryAfterMs !== undefined ? at + retryAfterMs : undefined;
      const facts = isSame ? before : { client, provider, model, state, since: at, openings: before?.openings ?? 0 };
      this.#setBreaker(key, { ...facts, failureRatio, openUntil });
    }
    this.#cooldowns = cooldowns.slice(0, maxSamples);
    const most = new Map(this.#budgets.map((budget) => [budget.provider, budget.most]));
    this.#budgets = budgets.slice(0, maxSamples).map((each) => ({ ...each, most: Math.max(each.tokens, most.get(each.provider) ?? 1) }));
    this.#gaugedAt = at;
  }
}

/** Output tokens a second between first content and the end; `undefined` where there was no time, or nobody counted. */
export function speedOf({ firstContentAt, endedAt, usage }: Lane): number | undefined {
  if (firstContentAt === undefined || endedAt === undefined || !usage) return undefined;
  const seconds = (endedAt - firstContentAt) / 1_000;
  return seconds > 0 && usage.outputTokens > 0 ? usage.outputTokens / seconds : undefined;
}
