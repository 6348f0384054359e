import { FlowGate } from '../core/flow-gate.ts';

/** As much waits for a reader as one read of a socket brings; then the server is slowed. */
const maxWaiting = 65_536;

/** Where the bytes of an answer are read, at the pace of whoever reads them. */
export class ResponseBody {
  /** Closed while bytes enough wait. */
  readonly flow = new FlowGate();
  readonly stream: ReadableStream<Uint8Array>;
  readonly #waiting: Uint8Array[] = [];
  #size = 0;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isWanted = false;
  #isOver = false;
  #ending: { readonly error?: unknown } | undefined;

  /** @param leave Called when the reader cancels. */
  constructor(leave: () => void) {
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#isWanted = true;
          this.#deliver();
        },
        cancel: () => {
          this.#drop();
          leave();
        },
      },
      // Nothing is read ahead: so there is nothing in the stream that an error could take away.
      { highWaterMark: 0 },
    );
  }

  push(bytes: Uint8Array): void {
    if (this.#isOver || bytes.byteLength === 0) return;
    this.#waiting.push(bytes);
    this.#size += bytes.byteLength;
    if (this.#size >= maxWaiting) this.flow.close();
    this.#deliver();
  }

  /** No more will come: what waits is read, then the body closes, or fails with `error`. */
  end(ending: { readonly error?: unknown } = {}): void {
    this.#ending ??= ending;
    this.#deliver();
  }

  /** The caller has left: what waits is of no use to anybody. */
  abort(reason: unknown): void {
    if (this.#isOver) return;
    this.#drop();
    this.#controller.error(reason);
  }

  #deliver(): void {
    if (this.#isOver) return;
    if (this.#isWanted && this.#waiting.length > 0) {
      const bytes = this.#waiting.shift() as Uint8Array;
      this.#size -= bytes.byteLength;
      this.#isWanted = false;
      this.#controller.enqueue(bytes);
      if (this.#waiting.length === 0) this.flow.reopen();
    }
    if (!this.#ending || this.#isOver || this.#waiting.length > 0) return;
    this.#isOver = true;
    if ('error' in this.#ending) this.#controller.error(this.#ending.error);
    else this.#controller.close();
  }

  #drop(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
  }
}
