import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { Checkpoint } from '../core/checkpoint.ts';
import { defaults } from '../core/defaults.ts';
import { type EventLike, isContentEvent, type StreamEvent } from '../core/event.ts';
import { completeError, isProviderError } from '../core/provider-error.ts';
import { ResultBuilder } from '../core/result-builder.ts';
import type { StreamResult } from '../core/stream-result.ts';
import { BoundedText } from '../policies/bounded-text.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';

/** What a stream has delivered so far, in bounded memory; joined only when somebody asks. */
export class Delivered {
  readonly #builder: ResultBuilder;
  /** Whether the consumer has seen anything of an answer, be it content or not. */
  hasBegun = false;
  #hasGrown = false;
  #grownTo: string | undefined;
  /** Whether what it began with ends in a call that is half done. */
  #isInCall = false;
  readonly #complete: (partial: StreamResult) => StreamResult;
  /** An error that tells of its partial later still means what was there when it failed. */
  #generation = 0;
  #voided: StreamResult | undefined;

  /**
   * @param complete Fills in what only the call knows of a partial result. Default: nothing.
   * @param maxCharacters Of the text that is kept; beyond it, the oldest goes. Default: 4,194,304.
   */
  constructor(
    complete: (partial: StreamResult) => StreamResult = (partial) => partial,
    maxCharacters: number = defaults.partial.maxCharacters,
  ) {
    this.#complete = complete;
    this.#builder = new ResultBuilder(() => new BoundedText(maxCharacters));
  }

  /** Begins with what was delivered before: of a call that is half done, a result tells nothing. */
  beginWith({ result, endsInText }: Checkpoint): void {
    this.#builder.add({ type: 'snapshot', result } as StreamEvent);
    this.#isInCall = endsInText === false && this.#builder.endsInText;
  }

  add(event: EventLike): void {
    if (event.type === 'tool-call' || event.type === 'restart' || event.type === 'seam') this.#isInCall = false;
    if (event.type === 'start') this.hasBegun = true;
    if (event.type === 'restart') {
      this.#voided = this.snapshot();
      this.#generation++;
    }
    const before = event.type === 'snapshot' ? this.#builder.length : undefined;
    this.#builder.add(event);
    this.#hasGrown ||= before === undefined ? isContentEvent(event) : this.#builder.length > before;
  }

  /** Whether what came last is text, whole. */
  get endsInText(): boolean {
    return this.#builder.endsInText && !this.#isInCall;
  }

  /** Whether content came, and another place was reached, since this was asked last. */
  takeGrowth(cursor: string | undefined): boolean {
    const hasGrown = this.#hasGrown && cursor !== this.#grownTo;
    this.#hasGrown = false;
    if (hasGrown) this.#grownTo = cursor;
    return hasGrown;
  }

  /** What was delivered is void. */
  clear(): void {
    this.#isInCall = false;
    this.#builder.clear();
  }

  /** Whether the end has been delivered too. */
  get isWhole(): boolean {
    return this.#builder.isFinished;
  }

  /** Whether a tool was called: to generate again could call it twice. */
  get hasToolCalls(): boolean {
    return this.#builder.hasToolCalls;
  }

  /** All that was delivered. */
  snapshot(): StreamResult {
    return this.#complete(this.#builder.snapshot());
  }

  /** The content so far, for an error's `partial`; `undefined` if there was none. */
  get partial(): (() => StreamResult) | undefined {
    if (this.#builder.isEmpty) return undefined;
    const generation = this.#generation;
    return () => (generation === this.#generation ? this.snapshot() : (this.#voided as StreamResult));
  }

  /** What was said and thought so far. */
  get text(): string {
    const { text, reasoning } = this.#builder.snapshot();
    return reasoning + text;
  }
}

/**
 * Keeps what was delivered, in a ring buffer, so that a failure can say how far it came: `error.partial`.
 *
 * Emits what the source emits.
 *
 * @example
 * ```ts
 * events$.pipe(checkpoint()).subscribe({ error: (error) => console.log(error.partial?.text) });
 * ```
 */
export function checkpoint<T extends EventLike>(delivered?: Delivered): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable((subscriber) => {
      const kept = delivered ?? new Delivered();
      source.subscribe(
        new OperatorSubscriber<T>(subscriber, {
          next: (event) => {
            kept.add(event);
            subscriber.next(event);
          },
          error: (error) => subscriber.error(isProviderError(error) ? completeError(error, { partial: kept.partial }) : error),
        }),
      );
    });
}
