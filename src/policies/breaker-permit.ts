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

/** How a start turned out. */
export type StartOutcome = 'failure' | 'success' | 'neutral' | 'released';

/** Whoever gave a permit, and hears what became of it: once of its start, and once of its end. */
export interface PermitJudge {
  settleStart(permit: BreakerPermit, outcome: StartOutcome, retryAfterMs?: number): void;
  settleEnd(permit: BreakerPermit, outcome: 'terminals' | 'deaths', retryAfterMs?: number): void;
}

/** A permit, stamped with the state it was given in. */
export class BreakerPermit implements Permit {
  readonly #judge: PermitJudge;
  readonly generation: number;
  /** When it was given. */
  readonly at: number;
  #stage: 'pending' | 'arrived' | 'settled' = 'pending';

  constructor(judge: PermitJudge, generation: number, at: number) {
    this.#judge = judge;
    this.generation = generation;
    this.at = at;
  }

  arrive(): void {
    if (this.#stage !== 'pending') return;
    this.#stage = 'arrived';
    this.#judge.settleStart(this, 'success');
  }

  finish(): void {
    this.arrive();
    if (this.#stage !== 'arrived') return;
    this.#stage = 'settled';
    this.#judge.settleEnd(this, 'terminals');
  }

  fail(outcome: 'failure' | 'success' | 'neutral', retryAfterMs?: number): void {
    const stage = this.#stage;
    this.#stage = 'settled';
    if (stage === 'pending') this.#judge.settleStart(this, outcome, retryAfterMs);
    else if (stage === 'arrived' && outcome === 'failure') this.#judge.settleEnd(this, 'deaths', retryAfterMs);
  }

  release(): void {
    const stage = this.#stage;
    this.#stage = 'settled';
    if (stage === 'pending') this.#judge.settleStart(this, 'released');
  }
}
