import { asyncScheduler } from 'rxjs';

/** Who is told of what a reader does. */
export interface ReaderListener {
  /** Each time it wants more, before it is given what waits. */
  readonly wanted: () => void;
  /** What waited is on its way. */
  readonly given: () => void;
  /** It reads no further. */
  readonly left: () => void;
}

/** What waits for one reader: each read is given all that has come since the one before. */
export class ReaderQueue {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #listener: ReaderListener;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #texts: string[] = [];
  #length = 0;
  /** Whether a read waits. */
  #isWanted = false;
  #end: 'close' | 'fail' | undefined;
  #givenAt = asyncScheduler.now();

  constructor(listener: ReaderListener) {
    this.#listener = listener;
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          this.#controller = controller;
          this.#isWanted = true;
          listener.wanted();
          this.deliver();
        },
        cancel: () => listener.left(),
      },
      // Nothing is asked for ahead of the reader: what waits, waits here, where it is counted.
      { highWaterMark: 0 },
    );
  }

  /** What waits, in bytes, two for each character. */
  get bytes(): number {
    return 2 * this.#length;
  }

  /** Whether somebody waits for a word, and there is none. */
  get isHungry(): boolean {
    return this.#isWanted && this.#length === 0;
  }

  /** When something was given last, or {@link rest} was called. */
  get givenAt(): number {
    return this.#givenAt;
  }

  /** Counts from now how long nothing was given. */
  rest(): void {
    this.#givenAt = asyncScheduler.now();
  }

  push(text: string): void {
    this.#texts.push(text);
    this.#length += text.length;
  }

  empty(): void {
    this.#texts = [];
    this.#length = 0;
  }

  /** Nothing follows: once what waits is read, the stream is closed, or fails. */
  end(how: 'close' | 'fail'): void {
    this.#end = how;
    this.deliver();
  }

  /** Gives what waits to a read that waits. */
  deliver(): void {
    const controller = this.#controller;
    if (!controller || !this.#isWanted) return;
    if (this.#length > 0) {
      const bytes = this.#encoder.encode(this.#texts.length === 1 ? this.#texts[0] : this.#texts.join(''));
      this.empty();
      this.#isWanted = false;
      this.rest();
      controller.enqueue(bytes);
      this.#listener.given();
    }
    if (this.#end !== undefined && this.#length === 0) {
      this.#controller = undefined;
      try {
        if (this.#end === 'close') controller.close();
        else controller.error(new Error('the stream was cut off'));
      } catch {
        // It was cancelled.
      }
    }
  }
}
