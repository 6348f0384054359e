import { defaults } from '../core/defaults.ts';

/** Which round of each process was charged last, so that none is charged twice; bounded, and forgotten once the process is long gone. */
export class ChargedRounds {
  /** Who was heard of last is last. */
  readonly #last = new Map<string, { readonly round: number; readonly at: number }>();

  /** The last round that was charged; 0 for none. */
  of(node: string): number {
    return this.#last.get(node)?.round ?? 0;
  }

  /** Heard of a process, up to this round. */
  hear(node: string, round: number, now: number): void {
    const before = this.of(node);
    this.#last.delete(node);
    this.#last.set(node, { round: Math.max(before, round), at: now });
    const { maxNodes, maxFor } = defaults.sharing;
    for (const [other, { at }] of this.#last) {
      if (this.#last.size <= 2 * maxNodes && now - at <= maxFor) return;
      this.#last.delete(other);
    }
  }
}
