import { asyncScheduler, type Observable, Subscription } from 'rxjs';
import { maxTimerDelay } from '../core/defaults.ts';
import type { EventLike } from '../core/event.ts';
import { FlowGate, withFlowGate } from '../core/flow-gate.ts';
import { ProviderError } from '../core/provider-error.ts';
import { EventMessages } from './event-messages.ts';
import { type EventStreamFraming, relayFraming } from './event-stream-framing.ts';
import type { EventStreamSettings } from './event-stream-options.ts';
import { comment, keepAlive } from './keep-alive.ts';
import { publicError, publicJson } from './public-json.ts';
import { ReaderQueue } from './reader-queue.ts';

/** A source that can pause is paused when so much of the buffer is full. */
const pauseAt = 0.25;
/** When all readers of a process are sent away at once, they come back within so many milliseconds. */
const returnWithin = { min: 500, max: 4_500 };

/** Events on their way to one reader: one, or several that are one, and are written together. */
export type Told = EventLike | readonly EventLike[];

/**
 * Events on their way to one reader, as the body of a response.
 *
 * Subscribes when the body is read first.
 */
export class EventStreamBody {
  readonly #events$: Observable<Told>;
  readonly #settings: EventStreamSettings;
  readonly #messages = new EventMessages();
  readonly #gate = new FlowGate();
  readonly #resources = new Subscription();
  readonly #again: ((after: string) => Observable<Told>) | undefined;
  readonly #framing: EventStreamFraming;
  readonly #queue = new ReaderQueue({
    wanted: () => {
      this.#begin();
      this.#catchUp();
    },
    given: () => this.#gate.reopen(),
    left: () => this.#close(),
  });
  #source = new Subscription();
  #hasBegun = false;
  /** Nothing is taken any more; what is queued is still delivered. */
  #hasEnded = false;
  /** Whether the end was written. */
  #isWhole = false;
  /** Whether there is more than waits here, to be asked for when that has been read. */
  #isBehind = false;
  #settle: ((failure: unknown) => void) | undefined;

  /**
   * @param again The stream after an event, for a reader that was too slow; without it, the reader has to come back.
   * @param framing Of another wire than the relay's own.
   */
  constructor(
    events$: Observable<Told>,
    settings: EventStreamSettings,
    again?: (after: string) => Observable<Told>,
    framing: EventStreamFraming = relayFraming,
  ) {
    this.#events$ = events$;
    this.#settings = settings;
    this.#again = again;
    this.#framing = framing;
  }

  get stream(): ReadableStream<Uint8Array> {
    return this.#queue.stream;
  }

  /** Subscribes now, and tells what the stream failed with before its first event; `undefined` once it is known to have one, or after a while. */
  failureWithin(delay: number): Promise<unknown> {
    return new Promise((resolve) => {
      const waiting = asyncScheduler.schedule(() => settle(undefined), delay);
      const settle = (failure: unknown): void => {
        waiting.unsubscribe();
        this.#settle = undefined;
        resolve(failure);
      };
      this.#settle = settle;
      this.#begin();
    });
  }

  /** Whether its reader can come back for the rest. */
  get #isDurable(): boolean {
    return this.#messages.lastCursor !== undefined || this.#settings.location !== undefined;
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { retry, signal, heartbeat, maxAge } = this.#settings;
    this.#queue.push(retry === undefined ? comment : `retry: ${Math.ceil(retry)}\n\n`);
    if (signal?.aborted) {
      this.#dismiss();
      return;
    }
    if (signal) {
      const dismiss = () => this.#dismiss();
      signal.addEventListener('abort', dismiss);
      this.#resources.add(() => signal.removeEventListener('abort', dismiss));
    }
    this.#resources.add(keepAlive(this.#queue, heartbeat));
    if (maxAge <= maxTimerDelay) {
      this.#resources.add(asyncScheduler.schedule(() => this.#isDurable && this.#close(), maxAge * (1 - this.#draw() / 10)));
    }
    this.#subscribe(this.#events$);
  }

  #subscribe(events$: Observable<Told>): void {
    const source = new Subscription();
    this.#source = source;
    // One that is left while it emits synchronously may go on for a while.
    const guard = (run: () => void): void => {
      if (!source.closed) this.#guard(run);
    };
    withFlowGate(this.#gate, () => {
      source.add(
        events$.subscribe({
          next: (event) => guard(() => this.#take(event)),
          error: (error) => guard(() => this.#fail(error)),
          complete: () => guard(() => this.#end()),
        }),
      );
    });
  }

  /** What goes wrong with an event is a failure of this stream, and of nothing else. */
  #guard(run: () => void): void {
    if (this.#hasEnded) return;
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(told: Told): void {
    this.#settle?.(undefined);
    const { isPublic, maxBufferedBytes } = this.#settings;
    const before = this.#queue.bytes;
    for (const event of isSeveral(told) ? told : [told]) if (isPublic(event)) this.#queue.push(this.#messages.of(event));
    this.#queue.deliver();
    const waiting = this.#queue.bytes;
    // One that is large in itself says nothing of its reader.
    const isSlow = before > maxBufferedBytes * pauseAt;
    // What was on its way when a source was paused may still come.
    if (isSlow && waiting > maxBufferedBytes && (!this.#gate.taken || waiting > 2 * maxBufferedBytes)) this.#overflow();
    else if (waiting > maxBufferedBytes * pauseAt) this.#gate.close();
  }

  /** What waits is still read, so that a reader comes further each time; what follows is read from the log when there is room. */
  #overflow(): void {
    if (this.#again && this.#messages.endsAtCursor) {
      this.#isBehind = true;
      this.#source.unsubscribe();
      this.#messages.forget();
    } else if (this.#isDurable) {
      this.#close();
    } else {
      this.#queue.empty();
      this.#fail(new ProviderError({ category: 'buffer-overflow', phase: 'local', reason: 'the reader is too slow' }));
    }
  }

  #catchUp(): void {
    if (!this.#isBehind || this.#hasEnded || this.#queue.bytes > 0) return;
    this.#isBehind = false;
    this.#subscribe((this.#again as (after: string) => Observable<Told>)(this.#messages.lastCursor as string));
  }

  #fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.#settle?.(error);
    if (this.#isDurable && this.#isClosingFor(error)) {
      this.#close();
      return;
    }
    this.#writeEnd(this.#framing.failure(publicError(error)));
  }

  #isClosingFor(error: unknown): boolean {
    try {
      return this.#settings.isClosingFor(error);
    } catch {
      return false;
    }
  }

  #end(): void {
    this.#settle?.(undefined);
    this.#writeEnd();
  }

  #writeEnd(failure?: EventLike): void {
    this.#queue.push(this.#messages.rest());
    if (failure) this.#queue.push(`data: ${publicJson(failure)}\n\n`);
    this.#queue.push(this.#framing.end(this.#messages.lastCursor));
    this.#isWhole = true;
    this.#close();
  }

  /** The process is about to end: not all of its readers shall come back in the same moment. */
  #dismiss(): void {
    if (this.#hasEnded) return;
    const { whenCut } = this.#framing;
    const { min, max } = returnWithin;
    if (typeof whenCut === 'object') this.#queue.push(`data: ${publicJson(whenCut)}\n\n`);
    else this.#queue.push(`retry: ${Math.ceil(min + this.#draw() * (max - min))}\n\n`);
    this.#close();
  }

  /** Without the end marker, unless it was written. */
  #close(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#settle?.(undefined);
    this.#resources.unsubscribe();
    try {
      this.#source.unsubscribe();
    } catch {
      // What a teardown throws is of no use to the reader.
    }
    this.#queue.end(this.#isWhole || this.#framing.whenCut !== 'fail' ? 'close' : 'fail');
  }

  #draw(): number {
    try {
      return Math.min(1, Math.max(0, this.#settings.random() || 0));
    } catch {
      return 0.5;
    }
  }
}

function isSeveral(told: Told): told is readonly EventLike[] {
  return Array.isArray(told);
}
