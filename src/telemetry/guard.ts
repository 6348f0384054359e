/** What an observer does, kept from the stream that it observes: whatever is thrown or rejected is caught, and told once. */
export class Guard {
  readonly #name: string;
  readonly #onError: ((error: unknown) => void) | undefined;
  #hasTold = false;

  /** @param onError Told of the first failure. Default: a line of `console.warn`. */
  constructor(name: string, onError: ((error: unknown) => void) | undefined) {
    this.#name = name;
    this.#onError = onError;
  }

  /** What the action returns; `undefined` where it throws. A promise of it is not waited for. */
  run<T>(action: () => T): T | undefined {
    try {
      const value: unknown = action();
      if (typeof (value as PromiseLike<unknown> | undefined)?.then === 'function') {
        (value as PromiseLike<unknown>).then(undefined, (error: unknown) => this.tell(error));
      }
      return value as T;
    } catch (error) {
      this.tell(error);
      return undefined;
    }
  }

  tell(error: unknown): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    try {
      if (this.#onError) this.#onError(error);
      else console.warn(`steadystream: ${this.#name} failed, and will say no more of it: ${String(error).slice(0, 500)}`);
    } catch {
      // There is nobody left to tell.
    }
  }
}
