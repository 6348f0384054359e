const other = 'other';
const maxLength = 128;

/** Values of a label, so many at most: a model's name may be what some user typed, and each one costs a time series. */
export class BoundedValues {
  readonly #known: Set<string>;
  readonly #max: number;

  /** @param allowed Given, these are the values, whatever comes. */
  constructor(max: number, allowed?: readonly string[]) {
    this.#known = new Set(allowed);
    this.#max = allowed ? 0 : max;
  }

  /** The value as a label; `other` where there are too many. */
  of(value: string): string {
    const label = value.slice(0, maxLength);
    if (this.#known.has(label)) return label;
    if (this.#known.size >= this.#max) return other;
    this.#known.add(label);
    return label;
  }

  static isOther(label: string): boolean {
    return label === other;
  }
}
