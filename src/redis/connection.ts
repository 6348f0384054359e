import { asyncScheduler, type Subscription } from 'rxjs';
import { defaults } from '../index.ts';
import { OpenConnection } from './open-connection.ts';
import type { RedisConnection } from './redis-client.ts';
import { storeClosed } from './redis-failure.ts';

/** A connection that is made when somebody wants it, and made anew after its end: not more often than the wait between attempts allows. */
export class Connection {
  readonly #make: () => RedisConnection;
  readonly #timeout: number;
  readonly #onOpen: (connection: OpenConnection) => void;
  #current: OpenConnection | undefined;
  #opening: Promise<OpenConnection> | undefined;
  #attempts = 0;
  #openedAt = Number.POSITIVE_INFINITY;
  #isClosed = false;
  #wait: { readonly timer: Subscription; readonly end: () => void } | undefined;

  constructor(make: () => RedisConnection, timeout: number, onOpen: (connection: OpenConnection) => void = () => {}) {
    this.#make = make;
    this.#timeout = timeout;
    this.#onOpen = onOpen;
  }

  /** The open connection; everybody who asks while there is none waits for the same attempt. */
  open(): Promise<OpenConnection> {
    if (this.#isClosed) return Promise.reject(storeClosed());
    if (this.#current?.isOpen) return Promise.resolve(this.#current);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  close(): void {
    this.#isClosed = true;
    this.#wait?.timer.unsubscribe();
    this.#wait?.end();
    this.#current?.fail(storeClosed());
  }

  async #open(): Promise<OpenConnection> {
    const { minReconnectDelay, maxReconnectDelay } = defaults.redis;
    // After a connection that had stood for a while the next attempt is made at once, as the first one was.
    if (asyncScheduler.now() - this.#openedAt >= 2 * minReconnectDelay) this.#attempts = 0;
    if (this.#attempts > 0) await this.#pause(Math.min(minReconnectDelay * 2 ** (this.#attempts - 1), maxReconnectDelay));
    if (this.#isClosed) throw storeClosed();
    this.#attempts++;
    this.#openedAt = Number.POSITIVE_INFINITY;
    const connection = await OpenConnection.open(this.#make(), this.#timeout);
    this.#openedAt = asyncScheduler.now();
    this.#current = connection;
    if (this.#isClosed) connection.fail(storeClosed());
    else this.#onOpen(connection);
    return connection;
  }

  #pause(delay: number): Promise<void> {
    return new Promise((end) => {
      this.#wait = { timer: asyncScheduler.schedule(() => end(), delay), end };
    });
  }
}
