import { performance } from 'node:perf_hooks';
import type { WireFormat } from './content.ts';
import { wireOf } from './wires.ts';

/**
 * How an answer ended: played to the end of its body (`complete`), broken off by the script (`cut`), left by the client before its end
 * (`aborted`), or ended by `server.close()` (`closed`).
 */
export type Outcome = 'complete' | 'cut' | 'aborted' | 'closed';

/** What the server saw of one request and its answer. Times are of `performance.now()`. */
export interface RecordedRequest {
  /** From 0. */
  readonly index: number;
  /** The connection, from 1. The same number again is a connection used again. */
  readonly connection: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The text parsed as JSON; `undefined` if it is none. */
  readonly body: unknown;
  readonly wire: WireFormat;
  /** When its headers arrived. */
  readonly receivedAt: number;
  /** False for a request beyond the script. */
  readonly scripted: boolean;
  /** What kept the answer from being played as scripted: a mistake in the script. */
  readonly problem: unknown;
  /** Bytes of the answer's body, chunk framing not counted, that the operating system has taken so far. */
  readonly bytesSent: number;
  /** `undefined` while the answer is being played. */
  readonly outcome: Outcome | undefined;
  /** Whether the client left before the end of the answer. */
  readonly aborted: boolean;
  /** Fulfils when the answer has ended, in whatever way. Never rejects. */
  readonly ended: Promise<Outcome>;
  /** Fulfils with the time when the connection was closed. A connection that is kept alive may serve other requests first. Never rejects. */
  readonly closed: Promise<number>;
  readonly closedAt: number | undefined;
}

/** The same, while it is being written. */
export class Recording implements RecordedRequest {
  readonly index: number;
  readonly connection: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly body: unknown;
  readonly receivedAt: number;
  readonly ended: Promise<Outcome>;
  readonly closed: Promise<number>;
  wire: WireFormat;
  scripted = true;
  problem: unknown;
  bytesSent = 0;
  outcome: Outcome | undefined;
  closedAt: number | undefined;
  #resolveEnded!: (outcome: Outcome) => void;
  #resolveClosed!: (time: number) => void;

  constructor(seen: Pick<RecordedRequest, 'index' | 'connection' | 'method' | 'path' | 'headers' | 'text' | 'receivedAt'>) {
    this.index = seen.index;
    this.connection = seen.connection;
    this.method = seen.method;
    this.path = seen.path;
    this.headers = seen.headers;
    this.text = seen.text;
    this.body = parsed(seen.text);
    this.wire = wireOf(seen.path);
    this.receivedAt = seen.receivedAt;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  get aborted(): boolean {
    return this.outcome === 'aborted';
  }

  /** The first outcome stands. */
  end(outcome: Outcome): void {
    this.outcome ??= outcome;
    this.#resolveEnded(this.outcome);
  }

  connectionClosed(): void {
    this.end('aborted');
    this.closedAt = performance.now();
    this.#resolveClosed(this.closedAt);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
