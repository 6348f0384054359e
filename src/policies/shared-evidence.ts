import { defaults } from '../core/defaults.ts';
import { ChargedRounds } from './charged-rounds.ts';
import { OwnEvidence } from './own-evidence.ts';
import {
  type EvidenceSpending,
  type EvidenceVerdict,
  evidenceSchema,
  type NodeEvidence,
  type ResilienceEvidence,
} from './resilience-evidence.ts';
import type { BudgetMove } from './retry-budget.ts';

/** Two readings of one deadline differ by what the messages took: one that is later by less is the same. */
const tolerance = 100;

const never = Number.NEGATIVE_INFINITY;

/** A vote that was there when the breaker closed says nothing against it; a new opening ends later by more. */
const renewal = 1_000;

/** What a process has learned of the others, and should act upon. */
export type LearnedEvidence =
  | (EvidenceVerdict & {
      /** How many processes say so. */
      readonly nodes: number;
    })
  | EvidenceSpending;

/** What all say of one model of one provider. */
interface Matter {
  readonly kind: EvidenceVerdict['kind'];
  readonly provider: string;
  readonly model: string;
  readonly votes: { readonly node: string; readonly scope: EvidenceVerdict['scope']; readonly until: number; readonly isLive: boolean }[];
}

/**
 * The evidence that processes share: what this one has to tell, and what follows for it from what the others tell. A plain state machine over
 * a clock.
 *
 * A verdict of scope `provider` counts from whomever it comes, also from a process that is gone; one of scope `node` when half of the processes
 * that are alive have it, and two at least, this one counted. The longer wait wins. Nothing is learned twice: neither a deadline that was acted
 * upon, nor what was spent in one round. What a breaker's own probe has disproved is not learned again, unless somebody votes anew.
 */
export class SharedEvidence {
  readonly #now: () => number;
  readonly #liveFor: number;
  readonly #own: OwnEvidence;
  /** Until when what is known holds, by matter: what is no longer than that is nothing new. */
  readonly #known = new Map<string, number>();
  /** The votes on failures as they were heard last, by matter and node. */
  #heard = new Map<string, readonly (readonly [node: string, until: number])[]>();
  /** The votes that a recovery has disproved, by matter and node. */
  readonly #disproved = new Map<string, number>();
  readonly #rounds = new ChargedRounds();
  #nodes = 1;

  /** @param liveFor A process that is silent for longer is not counted. */
  constructor(now: () => number, liveFor: number) {
    this.#now = now;
    this.#liveFor = liveFor;
    this.#own = new OwnEvidence(now, liveFor);
  }

  /** The processes that are alive, this one included, as was heard last. */
  get nodes(): number {
    return this.#nodes;
  }

  /** Takes down a verdict of this process. @returns Whether it is news for the others, worth more than waiting for the next round. */
  note(verdict: EvidenceVerdict): boolean {
    const forMs = Math.min(verdict.forMs, defaults.sharing.maxFor);
    if (!(forMs > 0) || isTooLong(verdict.provider) || isTooLong(verdict.model)) return false;
    const now = this.#now();
    const until = now + forMs;
    const matter = matterOf(verdict);
    this.#known.set(matter, Math.max(until, this.#known.get(matter) ?? never));
    return until - Math.max(now, this.#own.note({ ...verdict, forMs })) > Math.min(forMs, renewal) / 2;
  }

  /** This process has found that the failure is over: its vote is taken back, and those of the others are disproved. */
  recovered(provider: string, model: string): void {
    const matter = matterOf({ kind: 'failure', provider, model });
    this.#own.withdraw(provider, model);
    this.#known.delete(matter);
    for (const [node, until] of this.#heard.get(matter) ?? []) this.#disproved.set(`${matter}${node}`, until);
  }

  /** Takes down what this process spent. */
  spend(move: BudgetMove): void {
    if (!isTooLong(move.provider) && !isTooLong(move.tenant ?? '')) this.#own.spend(move);
  }

  /** Begins a round: what is to be put up, in place of what was before. */
  tell(): readonly ResilienceEvidence[] {
    return this.#own.tell();
  }

  /** Takes in what the others have put up; what does not fit is left out. @returns What is new, and believed. */
  learn(reports: readonly NodeEvidence[]): readonly LearnedEvidence[] {
    this.#forgetLapsed();
    const matters = new Map<string, Matter>();
    const spendings: EvidenceSpending[] = [];
    const { maxNodes, maxEvidence } = defaults.sharing;
    this.#nodes = 1;
    for (const { node, ageMs, evidence } of reports.slice(0, maxNodes)) {
      const isLive = ageMs <= this.#liveFor;
      if (isLive) this.#nodes++;
      const charged = this.#rounds.of(node);
      let round = charged;
      for (const each of evidence.slice(0, 2 * maxEvidence)) {
        const { data } = evidenceSchema.safeParse(each);
        if (data?.kind === 'spent') {
          if (isLive && data.round > charged) spendings.push(data);
          round = Math.max(round, data.round);
        } else if (data) this.#count(matters, node, ageMs, isLive, data);
      }
      if (isLive) this.#rounds.hear(node, round, this.#now());
    }
    this.#heard = new Map([...matters].map(([key, { votes }]) => [key, votes.map(({ node, until }) => [node, until] as const)]));
    return [...[...matters].flatMap(([key, matter]) => this.#judge(key, matter) ?? []), ...spendings];
  }

  #count(matters: Map<string, Matter>, node: string, ageMs: number, isLive: boolean, verdict: EvidenceVerdict): void {
    const now = this.#now();
    const { kind, scope, provider, model, forMs } = verdict;
    const until = now + forMs - Math.max(0, ageMs);
    const key = matterOf(verdict);
    if (!(until > now) || until <= (this.#disproved.get(`${key}${node}`) ?? never) + renewal) return;
    let matter = matters.get(key);
    if (!matter) {
      if (matters.size >= defaults.sharing.maxEvidence) return;
      matter = { kind, provider, model, votes: [] };
      matters.set(key, matter);
    }
    matter.votes.push({ node, scope, until, isLive });
  }

  #judge(key: string, { kind, provider, model, votes }: Matter): LearnedEvidence | undefined {
    const now = this.#now();
    const told = votes.filter(({ scope }) => scope === 'provider').map(({ until }) => until);
    const quorum = Math.max(2, Math.ceil(this.#nodes / 2));
    const own = kind === 'failure' ? this.#own.failsUntil(provider, model) : never;
    // Each process has one vote, for as long as its longest.
    const live = new Map<string, number>();
    for (const { node, until, isLive } of votes) if (isLive) live.set(node, Math.max(until, live.get(node) ?? never));
    const lengths = [...live.values()].sort((one, other) => other - one);
    // Whoever fails itself has no need of others to believe it.
    const agreed = own > now ? never : (lengths[quorum - 1] ?? never);
    const until = Math.max(agreed, ...told);
    if (!(until > now) || until <= (this.#known.get(key) ?? never) + tolerance) return undefined;
    this.#known.set(key, until);
    const scope = told.includes(until) ? 'provider' : 'node';
    const nodes = new Set(votes.filter((vote) => vote.until >= until).map(({ node }) => node)).size;
    return { kind, scope, provider, model, forMs: until - now, nodes };
  }

  #forgetLapsed(): void {
    const now = this.#now();
    for (const [key, until] of this.#known) if (until <= now) this.#known.delete(key);
    for (const [key, until] of this.#disproved) if (until + renewal <= now) this.#disproved.delete(key);
  }
}

function isTooLong(name: string): boolean {
  return name.length > defaults.sharing.maxName;
}

function matterOf({ kind, provider, model }: Pick<EvidenceVerdict, 'kind' | 'provider' | 'model'>): string {
  return JSON.stringify([kind, provider, model]);
}
