import { asyncScheduler, type Observable, Subscription } from 'rxjs';
import { maxTimerDelay } from '../core/defaults.ts';
import type { EventLike } from '../core/event.ts';
import { FlowGate, withFlowGate } from '../core/flow-gate.ts';
import { ProviderError } from '../core/provider-error.ts';
import { type EventStreamFraming, relayFraming } from './event-stream-framing.ts';
import type { EventStreamSettings } from './event-stream-options.ts';
import { isEndId } from './last-event-id.ts';
import { publicError, publicJson } from './public-json.ts';
import { WholeCharacters } from './whole-characters.ts';

/** A line on its own that begins with a colon says nothing, and shows that the connection lives. */
const comment = ':\n\n';
/** A source that can pause is paused when so much of the buffer is full. */
const pauseAt = 0.25;
/** When all readers of a process are sent away at once, they come back within so many milliseconds. */
const returnWithin = { min: 500, max: 4_500 };

/**
 * Events on their way to one reader, as the body of a response.
 *
 * Subscribes when the body is read first. Each read is given all that has come since the one before.
 */
export class EventStreamBody {
  readonly #events$: Observable<EventLike>;
  readonly #settings: EventStreamSettings;
  readonly #encoder = new TextEncoder();
  readonly #characters = new WholeCharacters();
  readonly #gate = new FlowGate();
  readonly #resources = new Subscription();
  readonly #again: ((after: string) => Observable<EventLike>) | undefined;
  readonly #framing: EventStreamFraming;
  #source = new Subscription();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #hasBegun = false;
  /** Nothing is taken any more; what is queued is still delivered. */
  #hasEnded = false;
  /** Whether the end was written. */
  #isWhole = false;
  /** Whether a read waits. */
  #isWanted = false;
  #queue: string[] = [];
  #length = 0;
  #lastCursor: string | undefined;
  /** Whether the last event had a cursor: what comes after one that had none cannot be asked for. */
  #endsAtCursor = false;
  /** Whether there is more than waits here, to be asked for when that has been read. */
  #isBehind = false;
  #writtenAt = 0;
  #settle: ((failure: unknown) => void) | undefined;

  readonly stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        this.#controller = controller;
        this.#isWanted = true;
        this.#begin();
        this.#catchUp();
        this.#deliver();
      },
      cancel: () => this.#close(),
    },
    // Nothing is asked for ahead of the reader: what waits, waits here, where it is counted.
    { highWaterMark: 0 },
  );

  /**
   * @param again The stream after an event, for a reader that was too slow; without it, the reader has to come back.
   * @param framing Of another wire than the relay's own.
   */
  constructor(
    events$: Observable<EventLike>,
    settings: EventStreamSettings,
    again?: (after: string) => Observable<EventLike>,
    framing: EventStreamFraming = relayFraming,
  ) {
    this.#events$ = events$;
    this.#settings = settings;
    this.#again = again;
    this.#framing = framing;
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
    return this.#lastCursor !== undefined || this.#settings.location !== undefined;
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { retry, signal, maxAge } = this.#settings;
    this.#write(retry === undefined ? comment : `retry: ${Math.ceil(retry)}\n\n`);
    if (signal?.aborted) {
      this.#dismiss();
      return;
    }
    if (signal) {
      const dismiss = () => this.#dismiss();
      signal.addEventListener('abort', dismiss);
      this.#resources.add(() => signal.removeEventListener('abort', dismiss));
    }
    this.#writtenAt = asyncScheduler.now();
    this.#beat();
    if (maxAge <= maxTimerDelay) {
      this.#resources.add(asyncScheduler.schedule(() => this.#isDurable && this.#close(), maxAge * (1 - Math.random() / 10)));
    }
    this.#subscribe(this.#events$);
  }

  #subscribe(events$: Observable<EventLike>): void {
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

  #take(event: EventLike): void {
    this.#settle?.(undefined);
    const { isPublic, maxBufferedBytes } = this.#settings;
    if (!isPublic(event)) return;
    for (const each of this.#characters.push(event)) this.#writeEvent(each);
    this.#deliver();
    const waiting = 2 * this.#length;
    // What was on its way when a source was paused may still come.
    if (waiting > maxBufferedBytes && (!this.#gate.taken || waiting > 2 * maxBufferedBytes)) this.#overflow();
    else if (waiting > maxBufferedBytes * pauseAt) this.#gate.close();
  }

  #writeEvent(event: EventLike): void {
    const { cursor } = event as { readonly cursor?: string | undefined };
    const json = publicJson(event);
    const id = cursor !== undefined && isIdentifier(cursor) ? `id: ${cursor}\n` : '';
    if (id) this.#lastCursor = cursor;
    this.#endsAtCursor = id !== '';
    this.#write(`${id}data: ${json}\n\n`);
  }

  #write(text: string): void {
    this.#queue.push(text);
    this.#length += text.length;
  }

  /** What waits is still read, so that a reader comes further each time; what follows is read from the log when there is room. */
  #overflow(): void {
    if (this.#again && this.#endsAtCursor) {
      this.#isBehind = true;
      this.#source.unsubscribe();
      // What it holds comes again.
      this.#characters.end();
    } else if (this.#isDurable) {
      this.#close();
    } else {
      this.#empty();
      this.#fail(new ProviderError({ category: 'buffer-overflow', phase: 'local', reason: 'the reader is too slow' }));
    }
  }

  #catchUp(): void {
    if (!this.#isBehind || this.#hasEnded || this.#length > 0) return;
    this.#isBehind = false;
    this.#subscribe((this.#again as (after: string) => Observable<EventLike>)(this.#lastCursor as string));
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
    for (const each of this.#characters.end()) this.#writeEvent(each);
    if (failure) this.#write(`data: ${publicJson(failure)}\n\n`);
    this.#write(this.#framing.end(this.#lastCursor));
    this.#isWhole = true;
    this.#close();
  }

  /** The process is about to end: not all of its readers shall come back in the same moment. */
  #dismiss(): void {
    if (this.#hasEnded) return;
    const { whenCut } = this.#framing;
    const { min, max } = returnWithin;
    if (typeof whenCut === 'object') this.#write(`data: ${publicJson(whenCut)}\n\n`);
    else this.#write(`retry: ${Math.ceil(min + Math.random() * (max - min))}\n\n`);
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
    this.#deliver();
  }

  #empty(): void {
    this.#queue = [];
    this.#length = 0;
  }

  #deliver(): void {
    const controller = this.#controller;
    if (!controller || !this.#isWanted) return;
    if (this.#length > 0) {
      const bytes = this.#encoder.encode(this.#queue.length === 1 ? this.#queue[0] : this.#queue.join(''));
      this.#empty();
      this.#isWanted = false;
      this.#writtenAt = asyncScheduler.now();
      controller.enqueue(bytes);
      this.#gate.reopen();
    }
    if (this.#hasEnded && this.#length === 0) {
      this.#controller = undefined;
      try {
        if (this.#isWhole || this.#framing.whenCut !== 'fail') controller.close();
        else controller.error(new Error('the stream was cut off'));
      } catch {
        // It was cancelled.
      }
    }
  }

  /** A comment where nothing was written for so long, and somebody waits for it. One timer, set anew when it fires. */
  #beat(): void {
    const { heartbeat } = this.#settings;
    if (heartbeat > maxTimerDelay) return;
    const due = this.#writtenAt + heartbeat - asyncScheduler.now();
    const timer = asyncScheduler.schedule(
      () => {
        this.#resources.remove(timer);
        if (asyncScheduler.now() - this.#writtenAt >= heartbeat) {
          if (this.#isWanted && this.#length === 0) this.#write(comment);
          this.#deliver();
          this.#writtenAt = asyncScheduler.now();
        }
        this.#beat();
      },
      Math.max(due, 1),
    );
    this.#resources.add(timer);
  }
}

/** Whether a reader can be given it, and will give it back as it is; one that looks like that of an end marker would be the end. */
function isIdentifier(cursor: string): boolean {
  return /^[\x21-\x7e]+$/.test(cursor) && !isEndId(cursor);
}
