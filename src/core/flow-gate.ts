/**
 * Says whether the consumer wants more. A source that can pause looks at it, so that back-pressure reaches the socket.
 *
 * A pausing operator makes its gate current while it subscribes ({@link withFlowGate}), and so it is reached through Observables
 * that know nothing of it.
 */
export class FlowGate {
  /** Whether values may flow. */
  open = true;
  /** Set by a source that obeys the gate. Without one, a full buffer is an overflow. */
  taken = false;
  readonly #waiting = new Set<() => void>();

  /** Asks the source to pause. */
  close(): void {
    this.open = false;
  }

  /** Lets the source go on. */
  reopen(): void {
    if (this.open) return;
    this.open = true;
    for (const listener of [...this.#waiting]) listener();
  }

  /** Calls `listener` each time the gate opens, until the returned function is called. */
  onReopen(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => {
      this.#waiting.delete(listener);
    };
  }
}

let current: FlowGate | undefined;

/** Runs `subscribe` with `gate` as the current one. */
export function withFlowGate(gate: FlowGate, subscribe: () => void): void {
  const outer = current;
  current = gate;
  try {
    subscribe();
  } finally {
    current = outer;
  }
}

/** The gate of the operator that is subscribing right now, if there is one. */
export function currentFlowGate(): FlowGate | undefined {
  return current;
}
