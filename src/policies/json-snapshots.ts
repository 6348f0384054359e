/** Copies of up to so many slots are made whenever something changed. */
const freeWeight = 256;
/** Beyond the processor's caches a slot costs more. */
const cachedWeight = 4_096;
const farSlot = 16;
/** Slots that may be copied for each character that came. */
const slotsPerCharacter = 32;

/**
 * Decides when a growing value is shown: at each change while it is small, and where a wide array or object would have to be copied,
 * as often as the text that came pays for it. So all copies together cost in proportion to the text.
 */
export class SnapshotPace {
  #shown = 0;
  #credit = 0;

  /** @returns Whether to show the value now. @param changes How often it has changed so far. @param weight What showing it would copy. */
  isDue(changes: number, weight: number, characters: number): boolean {
    this.#credit += characters * slotsPerCharacter;
    if (!this.isBehind(changes)) return false;
    const price = weight <= freeWeight ? 0 : weight <= cachedWeight ? weight : weight * farSlot;
    if (price > this.#credit) return false;
    this.#credit -= price;
    this.#shown = changes;
    return true;
  }

  /** Whether something changed since the value was shown. */
  isBehind(changes: number): boolean {
    return changes !== this.#shown;
  }
}
