/** What is kept of each call that runs, for so many at most: of more, those that began first are given up. */
export class RunningCalls<T> {
  readonly #calls = new Map<string, T>();
  readonly #maxCalls: number;
  readonly #onGivenUp: (call: T) => void;

  constructor(maxCalls: number, onGivenUp: (call: T) => void = () => {}) {
    this.#maxCalls = maxCalls;
    this.#onGivenUp = onGivenUp;
  }

  get size(): number {
    return this.#calls.size;
  }

  get(callId: string): T | undefined {
    return this.#calls.get(callId);
  }

  set(callId: string, call: T): void {
    this.#calls.set(callId, call);
    if (this.#calls.size <= this.#maxCalls) return;
    const [oldest] = this.#calls.keys();
    if (oldest !== undefined) this.#giveUp(oldest);
  }

  /** The call has ended: nothing of it is kept. */
  take(callId: string): T | undefined {
    const call = this.#calls.get(callId);
    this.#calls.delete(callId);
    return call;
  }

  /** Nothing more will be told of any. */
  clear(): void {
    for (const callId of [...this.#calls.keys()]) this.#giveUp(callId);
  }

  #giveUp(callId: string): void {
    const call = this.take(callId);
    if (call !== undefined) this.#onGivenUp(call);
  }
}
