import { defaults } from '../core/defaults.ts';
import type { BreakerPermit, StartOutcome } from './breaker-permit.ts';

/** The probes of one half-open: one alone, then three of which two must succeed. */
export class HalfOpenProbes {
  readonly #timeout: number;
  readonly #running = new Set<BreakerPermit>();
  #isFirst = true;
  #successes = 0;
  #failures = 0;

  /** @param timeout How long a probe keeps its place. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  add(probe: BreakerPermit): void {
    this.#running.add(probe);
  }

  /** Whether one more may go; one that takes too long gives its place to another. */
  hasPlace(now: number): boolean {
    for (const probe of this.#running) if (this.#isLate(probe, now)) this.#running.delete(probe);
    const places = this.#isFirst ? 1 : defaults.breaker.probes - this.#successes - this.#failures;
    return this.#running.size < places;
  }

  /** What a probe's outcome means for the breaker, if it means anything yet. What is neutral or late proves nothing. */
  judge(probe: BreakerPermit, outcome: StartOutcome, now: number): 'close' | 'open' | undefined {
    const isLate = this.#isLate(probe, now);
    if (!this.#running.delete(probe) || isLate) return undefined;
    if (outcome === 'failure') return this.#fail();
    return outcome === 'success' ? this.#succeed() : undefined;
  }

  #fail(): 'open' | undefined {
    this.#failures++;
    const { probes, requiredProbes } = defaults.breaker;
    return this.#isFirst || this.#failures > probes - requiredProbes ? 'open' : undefined;
  }

  #succeed(): 'close' | undefined {
    if (this.#isFirst) {
      this.#isFirst = false;
      return undefined;
    }
    this.#successes++;
    return this.#successes >= defaults.breaker.requiredProbes ? 'close' : undefined;
  }

  #isLate(probe: BreakerPermit, now: number): boolean {
    return now - probe.at >= this.#timeout;
  }
}
