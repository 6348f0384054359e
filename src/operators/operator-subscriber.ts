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

  constructor(destination: Subscriber<never> | Subscriber<unknown>, observer: OperatorObserver<T>) {
    super(destination as Subscriber<unknown>);
    this.#output = destination as Subscriber<unknown>;
    this.#observer = observer;
    this.#next = observer.next;
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
  }

  /** A value that nobody here looks at takes the shorter way: a stream has many values and a dozen steps. */
  override next(value: T): void {
    if (this.#next === undefined && !this.isStopped) this.#output.next(value);
    else super.next(value);
  }

  protected override _next(value: T): void {
    if (!this.#next) {
      this.#output.next(value);
      return;
    }
    try {
      this.#next(value);
    } catch (error) {
      this.unsubscribe();
      this.#output.error(error);
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
