import { Buffer } from 'node:buffer';
import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Bytes, Split } from './answer.ts';
import type { Outcome, Recording } from './recorded-request.ts';
import { Splitter } from './splitter.ts';

/** The connection is gone, so that nothing more can be sent. */
export class ConnectionLost extends Error {}

/** The head of an HTTP answer. */
export interface Head {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** Milliseconds between its bytes. */
  readonly drip: number | undefined;
}

/** A client drops what it has not read yet when the connection breaks, so what was sent gets this long to be read. */
const readingTime = 10;

/** The way of bytes to the client: bare until a head is sent, then in HTTP. Everything it waits for ends when the client goes. */
export class Outlet {
  /** Signs of life while the answer waits. */
  heartbeat: { readonly every: number; readonly send: string } | undefined;
  readonly #socket: Socket;
  readonly #response: ServerResponse;
  readonly #recording: Recording;
  readonly #splitter: Splitter;
  readonly #over = new AbortController();
  #framed = false;
  #started = false;
  #interrupt: ((error: Error) => void) | undefined;

  constructor(response: ServerResponse, socket: Socket, recording: Recording, split: Split) {
    this.#response = response;
    this.#socket = socket;
    this.#recording = recording;
    this.#splitter = new Splitter(split);
  }

  /** Whether a byte of an answer has been sent. */
  get started(): boolean {
    return this.#started;
  }

  /** Ends whatever is waited for: the answer is over, or nobody is there to hear the rest. */
  close(): void {
    this.#over.abort(new ConnectionLost());
    this.#interrupt?.(new ConnectionLost());
  }

  async sendHead({ status, headers, drip }: Head): Promise<void> {
    if (drip === undefined) {
      this.#over.signal.throwIfAborted();
      for (const [name, value] of Object.entries(headers)) if (value !== undefined) this.#response.setHeader(name, value);
      this.#response.writeHead(status);
      this.#response.flushHeaders();
      this.#framed = true;
      this.#started = true;
      await nextTurn();
      return;
    }
    const lines = Object.entries({ ...headers, connection: 'close' }).flatMap(([name, value]) =>
      [value].flat().map((each) => `${name}: ${each}\r\n`),
    );
    for (const byte of Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`)) {
      await this.#put(Uint8Array.of(byte), false);
      await this.#sleep(drip);
    }
  }

  async send(bytes: Bytes): Promise<void> {
    for (const piece of this.#splitter.push(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)) await this.#put(piece);
  }

  async flush(): Promise<void> {
    const rest = this.#splitter.rest();
    if (rest !== undefined) await this.#put(rest);
  }

  /** Waits for a time or until a promise settles, with heartbeats. */
  async wait(until: number | PromiseLike<unknown>): Promise<void> {
    const settled = typeof until === 'number' ? this.#sleep(until) : this.#whileThere(until);
    const { heartbeat } = this;
    if (heartbeat === undefined) return settled;
    const done = settled.then(() => true);
    while (!(await Promise.race([done, this.#sleep(heartbeat.every).then(() => false)]))) {
      await this.flush();
      await this.#put(Buffer.from(heartbeat.send));
    }
  }

  stall(): Promise<void> {
    return this.wait(new Promise(() => undefined));
  }

  /** Sends `pattern` over and over at a bounded speed, and resets the connection after `maxBytes`. */
  async sendEndlessly(pattern: Bytes, bytesPerSecond: number, maxBytes: number): Promise<void> {
    const unit = Buffer.from(pattern);
    const size = Math.min(Math.max(Math.ceil(bytesPerSecond / 50), 1), 65_536);
    const store = Buffer.alloc(size + unit.length, unit);
    const begin = performance.now();
    for (let sent = 0; sent < maxBytes && unit.length > 0; sent += size) {
      const offset = sent % unit.length;
      await this.send(store.subarray(offset, offset + size));
      const ahead = ((sent + size) / bytesPerSecond) * 1000 - (performance.now() - begin);
      if (ahead > 1) await this.#sleep(ahead);
    }
    await this.reset();
  }

  /** Ends the body cleanly; with fewer bytes than `content-length` says, that is a truncation. */
  async finish(outcome: Outcome): Promise<void> {
    await this.flush();
    if (!this.#framed) {
      this.#recording.end(outcome);
      this.#socket.end();
      return;
    }
    const promised = this.#response.getHeader('content-length');
    if (promised !== undefined && Number(promised) > this.#recording.bytesSent) return this.truncate();
    await new Promise<void>((resolve, reject) => {
      this.#interrupt = reject;
      this.#response.end(resolve);
    });
    this.#recording.end(outcome);
  }

  async truncate(): Promise<void> {
    await this.flush();
    if (this.#started) await this.#sleep(readingTime);
    this.#recording.end('cut');
    this.#socket.end();
  }

  async reset(): Promise<void> {
    await this.flush();
    if (this.#started) await this.#sleep(readingTime);
    this.#recording.end('cut');
    this.#socket.resetAndDestroy();
  }

  async #put(piece: Uint8Array, counted = true): Promise<void> {
    this.#over.signal.throwIfAborted();
    this.#started = true;
    await new Promise<void>((resolve, reject) => {
      this.#interrupt = reject;
      const taken = (error?: Error | null): void => (error ? reject(new ConnectionLost()) : resolve());
      if (this.#framed) this.#response.write(piece, taken);
      else this.#socket.write(piece, taken);
    });
    if (counted) this.#recording.bytesSent += piece.length;
    // Without a turn of the event loop, a client in this process would find the pieces together.
    await nextTurn();
  }

  #sleep(duration: number): Promise<void> {
    return sleep(duration, undefined, { signal: this.#over.signal, ref: false });
  }

  #whileThere(promise: PromiseLike<unknown>): Promise<void> {
    const { signal } = this.#over;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const gone = (): void => reject(signal.reason);
      const settled = (): void => {
        signal.removeEventListener('abort', gone);
        resolve();
      };
      signal.addEventListener('abort', gone, { once: true });
      promise.then(settled, settled);
    });
  }
}
