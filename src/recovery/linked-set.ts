interface Link<T> {
  readonly item: T;
  before: Link<T> | undefined;
  after: Link<T> | undefined;
}

/**
 * A set in the order in which its members were put in last.
 *
 * Everything takes constant time, also to find the first after many were moved, where a `Set` walks past all the places that they left.
 */
export class LinkedSet<T> {
  readonly #links = new Map<T, Link<T>>();
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;

  get size(): number {
    return this.#links.size;
  }

  get first(): T | undefined {
    return this.#first?.item;
  }

  /** Puts a member at the end, from wherever it was. */
  push(item: T): void {
    this.delete(item);
    const link: Link<T> = { item, before: this.#last, after: undefined };
    this.#links.set(item, link);
    if (this.#last) this.#last.after = link;
    else this.#first = link;
    this.#last = link;
  }

  delete(item: T): boolean {
    const link = this.#links.get(item);
    if (!link) return false;
    this.#links.delete(item);
    const { before, after } = link;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    return true;
  }

  clear(): void {
    this.#links.clear();
    this.#first = undefined;
    this.#last = undefined;
  }
}
