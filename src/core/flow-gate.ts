/**
 * Says whether the consumer wants more. A source that can pause looks at it, so that back-pressure reaches the socket.
 *
 * A pausing operator makes its gate current while it subscribes ({@link withFlowGate}); the source takes it with {@link takeFlowGate}.
 */
export class FlowGate {
  /** Whether values may flow. */
  open = true;
  /** When the gate last opened, on the clock of the operator that owns it; `-Infinity` before it ever closed. */
  openedAt = Number.NEGATIVE_INFINITY;
  /** Whether a source has taken the gate, and so will pause. */
  taken = false;
  readonly #now: () => number;
  readonly #waiting = new Set<() => void>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Asks the source to pause. */
  close(): void {
    this.open = false;
  }

  /** Lets the source go on. */
  reopen(): void {
    if (this.open) return;
    this.open = true;
    this.openedAt = this.#now();
    for (const listener of [...this.#waiting]) listener();
  }

  /** Calls `listener` each time the gate opens, until the returned function is called. */
  onReopen(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }
}

let current: FlowGate | undefined;

/** Runs `subscribe` with `gate` as the current one, for the source that is subscribed within to take. */
export function withFlowGate(gate: FlowGate, subscribe: () => void): void {
  const outer = current;
  current = gate;
  try {
    subscribe();
  } finally {
    current = outer;
  }
}

/** The gate of the operator that is subscribing right now, if there is one; taking it promises to obey it. */
export function takeFlowGate(): FlowGate | undefined {
  const gate = current;
  if (gate) gate.taken = true;
  return gate;
}
