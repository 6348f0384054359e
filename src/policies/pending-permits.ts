/** Counts permits that wait for first content: all of them, and the young ones, which may still turn out well. Constant time. */
export class PendingPermits {
  /** Every permit that waits. */
  total = 0;
  readonly #slots: { index: number; count: number }[];
  readonly #width: number;

  /** @param youngFor How long a permit counts as young, in milliseconds. */
  constructor(youngFor: number, slots = 10) {
    this.#width = youngFor / slots;
    this.#slots = Array.from({ length: slots }, () => ({ index: -1, count: 0 }));
  }

  add(at: number): void {
    this.total++;
    const slot = this.#slot(at);
    const index = Math.floor(at / this.#width);
    if (slot.index !== index) {
      slot.index = index;
      slot.count = 0;
    }
    slot.count++;
  }

  /** @param at When the permit was added. */
  remove(at: number): void {
    this.total--;
    const slot = this.#slot(at);
    if (slot.index === Math.floor(at / this.#width)) slot.count--;
  }

  young(now: number): number {
    const newest = Math.floor(now / this.#width);
    return this.#slots.reduce((sum, { index, count }) => (index > newest - this.#slots.length && index <= newest ? sum + count : sum), 0);
  }

  #slot(at: number): { index: number; count: number } {
    const length = this.#slots.length;
    const index = Math.floor(at / this.#width) % length;
    return this.#slots[(index + length) % length] as { index: number; count: number };
  }
}
