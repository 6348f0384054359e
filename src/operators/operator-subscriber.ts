import { Subscriber } from 'rxjs';

/** What an operator does with what its source says. What it leaves out passes through. */
export interface OperatorObserver<T> {
  readonly next?: ((value: T) => void) | undefined;
  readonly error?: ((error: unknown) => void) | undefined;
  readonly complete?: (() => void) | undefined;
}

/**
 * The subscriber between a source and what an operator emits to.
 *
 * It ends with its destination, also while the source is still emitting synchronously, and what the observer throws goes down the
 * error channel: a plain observer would lose the value and report an uncaught exception.
 */
export class OperatorSubscriber<T> extends Subscriber<T> {
  readonly #observer: OperatorObserver<T>;
  #next: ((value: T) => void) | undefined;
  readonly #output: Subscriber<unknown>;
  /** Who is given values that pass through: the output, or whoever stands behind it, if it lets them through too. */
  #receiver: Subscriber<unknown>;

  constructor(destination: Subscriber<never> | Subscriber<unknown>, observer: OperatorObserver<T>) {
    super(destination as Subscriber<unknown>);
    this.#output = destination as Subscriber<unknown>;
    this.#observer = observer;
    this.#next = observer.next;
    this.#receiver = receiverBehind(this.#output);
  }

  /** What a teardown throws is of no use to anybody here, and would hide the reason for which the stream ends. */
  override unsubscribe(): void {
    try {
      super.unsubscribe();
    } catch {}
  }

  /** From now on values pass through: the operator has seen what it was waiting for. */
  passThrough(): void {
    this.#next = undefined;
    this.#receiver = receiverBehind(this.#output);
  }

  /** Whom a value may be given to in place of this step: whoever is behind it, if it lets all values through. */
  get receiver(): Subscriber<unknown> | undefined {
    return this.#next === undefined ? this.#receiver : undefined;
  }

  /** Without the steps of `Subscriber`: a stream has many values and a dozen operators. */
  override next(value: T): void {
    const next = this.#next;
    if (this.isStopped) {
      super.next(value);
    } else if (next === undefined) {
      this.#receiver.next(value);
    } else {
      try {
        next(value);
      } catch (error) {
        this.unsubscribe();
        this.#output.error(error);
      }
    }
  }

  protected override _error(failure: unknown): void {
    try {
      if (this.#observer.error) this.#observer.error(failure);
      else this.#output.error(failure);
    } catch (error) {
      this.#output.error(error);
    } finally {
      this.unsubscribe();
    }
  }

  protected override _complete(): void {
    try {
      if (this.#observer.complete) this.#observer.complete();
      else this.#output.complete();
    } catch (error) {
      this.#output.error(error);
    } finally {
      this.unsubscribe();
    }
  }
}

/** A step that lets values through ends with what is behind it and ends what is before it: nothing is lost by going past it. */
function receiverBehind(output: Subscriber<unknown>): Subscriber<unknown> {
  return (output instanceof OperatorSubscriber ? output.receiver : undefined) ?? output;
}
