/** Counts what runs at once: a turnstile that opens when a place is free. */
export class BulkheadMachine {
  readonly #maxConcurrent: number;
  #active = 0;

  constructor(maxConcurrent: number) {
    this.#maxConcurrent = maxConcurrent;
  }

  get active(): number {
    return this.#active;
  }

  /** 0 while a place is free; only a release can tell when one will be. */
  due(): number {
    return this.#active < this.#maxConcurrent ? 0 : Number.POSITIVE_INFINITY;
  }

  pass(): void {
    this.#active++;
  }

  release(): void {
    this.#active--;
  }
}
