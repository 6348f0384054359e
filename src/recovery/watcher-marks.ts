/** Beyond so many, nobody needs to know how many there are. */
const maxMarks = 1_000;

/** Who watches a stream, each for as long as its mark is fresh. */
export class WatcherMarks {
  /** The first is the one that is longest without a sign. */
  readonly #until = new Map<string, number>();

  set(watcher: string, until: number, now: number): void {
    this.#until.delete(watcher);
    this.#until.set(watcher, until);
    if (this.#until.size > maxMarks) this.count(now);
    for (const first of this.#until.keys()) {
      if (this.#until.size <= maxMarks) break;
      this.#until.delete(first);
    }
  }

  count(now: number): number {
    for (const [watcher, until] of this.#until) if (until <= now) this.#until.delete(watcher);
    return this.#until.size;
  }
}
