import { asyncScheduler, type Subscription } from 'rxjs';
import { maxTimerDelay } from '../core/defaults.ts';
import { ProviderError } from '../core/provider-error.ts';
import { onReturn } from './on-return.ts';

type Fetch = typeof globalThis.fetch;

/** How often a server says something, and how long it may say nothing, in milliseconds. */
export interface Liveness {
  readonly heartbeat: number;
  readonly silence: number;
}

/**
 * A `fetch` whose bodies fail once their server is silent for too long; heartbeats, which are comments, are no silence.
 *
 * Only the time counts in which somebody waits for the body. Where there is a page, one that becomes visible or comes online again looks at once:
 * its timers may have slept, and a connection that lives shows it within a heartbeat.
 */
export function liveFetch(fetch: () => Fetch, liveness: Liveness): Fetch {
  return async (input, init) => {
    const response = await fetch()(input, init);
    const { body, ok, status, statusText, headers } = response;
    // A browser gives a 204 a body too, and refuses to make such a response.
    if (!ok || !body || status === 204 || status === 205 || liveness.silence > maxTimerDelay) return response;
    const live = new ReadableStream<Uint8Array>(new LiveBody(body.getReader(), liveness), { highWaterMark: 0 });
    return new Response(live, { status, statusText, headers });
  };
}

/** A body as it is, until it is silent. */
class LiveBody implements UnderlyingDefaultSource<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #liveness: Liveness;
  readonly #unlisten: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #waitsSince = 0;
  #timer: Subscription | undefined;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, liveness: Liveness) {
    this.#reader = reader;
    this.#liveness = liveness;
    this.#unlisten = onReturn(() => this.#look());
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#controller = controller;
    this.#waitsSince = asyncScheduler.now();
    this.#giveUpIn(this.#liveness.silence);
    try {
      const { done, value } = await this.#reader.read();
      this.#rest();
      if (!done) controller.enqueue(value);
      else {
        this.#unlisten();
        controller.close();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.#rest();
    this.#unlisten();
    await this.#reader.cancel(reason);
  }

  #look(): void {
    if (!this.#timer) return;
    const { heartbeat, silence } = this.#liveness;
    const left = silence - (asyncScheduler.now() - this.#waitsSince);
    // Half a heartbeat more: what was due while the page was away comes late.
    this.#giveUpIn(Math.min(left, 1.5 * heartbeat));
  }

  #giveUpIn(delay: number): void {
    this.#rest();
    this.#timer = asyncScheduler.schedule(
      () => this.#fail(new ProviderError({ category: 'interrupted', code: 'silent', reason: 'the relay is silent' })),
      Math.max(delay, 0),
    );
  }

  #rest(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  #fail(error: unknown): void {
    this.#rest();
    this.#unlisten();
    this.#controller?.error(error);
    this.#reader.cancel().catch(() => {});
  }
}
