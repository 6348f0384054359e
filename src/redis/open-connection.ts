import { asyncScheduler, type Subscription } from 'rxjs';
import { defaults, type ProviderError } from '../index.ts';
import { storeFull } from '../recovery/store.ts';
import type { RedisConnection } from './redis-client.ts';
import { commandTimeout, failureOf, replyCode } from './redis-failure.ts';

interface PendingReply {
  readonly due: number;
  readonly size: number;
  readonly reject: (error: unknown) => void;
}

/**
 * A connection from the moment that it stands to its end, which is the first trouble on it: a command that takes too long, too.
 *
 * Whoever waits for a reply then learns that it will not come.
 */
export class OpenConnection {
  readonly #client: RedisConnection;
  readonly #timeout: number;
  readonly #pending = new Set<PendingReply>();
  #size = 0;
  #alarm: Subscription | undefined;
  #alarmDue = 0;
  #failure: ProviderError | undefined;

  private constructor(client: RedisConnection, timeout: number) {
    this.#client = client;
    this.#timeout = timeout;
    client.on('error', (error) => this.fail(failureOf(error)));
    client.on('end', () => this.fail(failureOf(undefined)));
  }

  /** @throws ProviderError `network` or `timeout`. */
  static async open(client: RedisConnection, timeout: number): Promise<OpenConnection> {
    const connection = new OpenConnection(client, timeout);
    try {
      await connection.#track(() => client.connect(), timeout, 0);
      return connection;
    } catch (error) {
      const failure = failureOf(error);
      connection.fail(failure);
      throw failure;
    }
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Sends a command at once. Rejects with what Redis replied, or with a {@link ProviderError} after which the connection is no more. */
  send(command: readonly string[], timeout: number = this.#timeout): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    let size = 0;
    for (const part of command) size += part.length;
    if (this.#size + size > defaults.redis.maxInFlight) return Promise.reject(storeFull('too much is on its way to Redis'));
    return this.#track(() => this.#client.sendCommand(command), timeout, size);
  }

  /** Ends the connection. */
  fail(failure: ProviderError): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#alarm?.unsubscribe();
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const { reject } of pending) reject(failure);
    try {
      this.#client.destroy();
    } catch {
      // It was closed already.
    }
  }

  #track(start: () => Promise<unknown>, timeout: number, size: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pending: PendingReply = { due: asyncScheduler.now() + timeout, size, reject };
      this.#pending.add(pending);
      this.#size += size;
      this.#watch(pending.due);
      start().then(
        (reply) => {
          this.#settle(pending);
          resolve(reply);
        },
        (error) => {
          this.#settle(pending);
          const reply = replyCode(error);
          // A primary that became a replica: the name leads elsewhere by now.
          if (reply === undefined || reply === 'READONLY') this.fail(failureOf(error));
          reject(reply === undefined ? failureOf(error) : error);
        },
      );
    });
  }

  #settle(pending: PendingReply): void {
    if (this.#pending.delete(pending)) this.#size -= pending.size;
  }

  /** One alarm for all: replies come in order, so that only the oldest need be looked at. */
  #watch(due: number): void {
    if (this.#alarm && this.#alarmDue <= due) return;
    this.#alarm?.unsubscribe();
    this.#alarmDue = due;
    this.#alarm = asyncScheduler.schedule(() => this.#ring(), Math.max(0, due - asyncScheduler.now()));
  }

  #ring(): void {
    this.#alarm = undefined;
    const [oldest] = this.#pending;
    if (!oldest || this.#failure) return;
    if (oldest.due <= asyncScheduler.now()) this.fail(commandTimeout());
    else this.#watch(oldest.due);
  }
}
