/** What happened within a stretch of time. */
export interface Outcomes {
  /** Streams whose first content came, and attempts that failed before it. */
  contents: number;
  errors: number;
  /** Streams that reached their end, and streams that died after first content. */
  terminals: number;
  deaths: number;
  /** Attempts abandoned before first content, after a long wait. */
  slow: number;
}

/** A kind of outcome. */
export type Outcome = keyof Outcomes;

interface Bucket extends Outcomes {
  /** Which stretch of time this bucket counts; an older one is stale. */
  index: number;
}

/**
 * Counts outcomes over the newest stretches of time: the current and the previous one at least, and as many more, back to the edge
 * of the window, as it takes to see `enough` outcomes. Old trouble is forgotten the sooner, the more is going on.
 *
 * Constant memory, constant time; no timer. An idle gap leaves nothing behind, however long.
 */
export class OutcomeWindow {
  readonly #buckets: Bucket[];
  readonly #width: number;
  readonly #enough: number;

  constructor(window: number, buckets: number, enough: number) {
    this.#width = window / buckets;
    this.#enough = enough;
    this.#buckets = Array.from({ length: buckets }, () => ({ index: -1, ...nothing() }));
  }

  add(outcome: Outcome, now: number): void {
    const index = Math.floor(now / this.#width);
    const bucket = this.#buckets[index % this.#buckets.length] as Bucket;
    if (bucket.index !== index) Object.assign(bucket, nothing(), { index });
    bucket[outcome]++;
  }

  /** The sums over the stretch that counts now. */
  sum(now: number): Outcomes {
    const total = nothing();
    const newest = Math.floor(now / this.#width);
    for (let age = 0; age < this.#buckets.length; age++) {
      if (age >= 2 && total.contents + total.errors >= this.#enough && total.terminals + total.deaths >= this.#enough) break;
      const index = newest - age;
      const bucket = this.#buckets[((index % this.#buckets.length) + this.#buckets.length) % this.#buckets.length];
      if (bucket?.index !== index) continue;
      // Each ratio looks back only as far as it needs to.
      if (age < 2 || total.contents + total.errors < this.#enough) {
        total.contents += bucket.contents;
        total.errors += bucket.errors;
        total.slow += bucket.slow;
      }
      if (age < 2 || total.terminals + total.deaths < this.#enough) {
        total.terminals += bucket.terminals;
        total.deaths += bucket.deaths;
      }
    }
    return total;
  }

  clear(): void {
    for (const bucket of this.#buckets) bucket.index = -1;
  }
}

function nothing(): Outcomes {
  return { contents: 0, errors: 0, terminals: 0, deaths: 0, slow: 0 };
}
