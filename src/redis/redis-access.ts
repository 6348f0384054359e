import { asyncScheduler } from 'rxjs';
import { Connection } from './connection.ts';
import { Keys } from './keys.ts';
import type { OpenConnection } from './open-connection.ts';
import { connectionLike } from './redis-client.ts';
import { failureOf, isOfCommand } from './redis-failure.ts';
import type { RedisStoreConfig } from './redis-store-options.ts';
import { warningsOf } from './server-check.ts';

/**
 * The way to Redis: one connection for what producers need soon, one for what may be large or slow to come, and those that wait.
 */
export class RedisAccess {
  readonly keys: Keys;
  readonly writing: Connection;
  readonly reading: Connection;
  readonly #config: RedisStoreConfig;
  readonly #connections = new Set<Connection>();
  #isChecked = false;

  constructor(config: RedisStoreConfig) {
    this.#config = config;
    this.keys = new Keys(config.prefix);
    this.writing = this.connect((connection) => this.#check(connection));
    this.reading = this.connect();
  }

  get timeout(): number {
    return this.#config.commandTimeout;
  }

  get patience(): number {
    return this.#config.patience;
  }

  /** A further connection, made when it is first asked for. */
  connect(onOpen?: (connection: OpenConnection) => void): Connection {
    const { client, commandTimeout } = this.#config;
    const connection = new Connection(() => connectionLike(client, commandTimeout), commandTimeout, onOpen);
    this.#connections.add(connection);
    return connection;
  }

  /** Closes one that is no longer wanted. */
  disconnect(connection: Connection): void {
    this.#connections.delete(connection);
    connection.close();
  }

  /**
   * Does something that has the effect of one when it is done twice; a connection that fails is given one more chance.
   *
   * @throws ProviderError
   */
  async attempt<T>(connection: Connection, use: (connection: OpenConnection) => Promise<T>): Promise<T> {
    const begun = asyncScheduler.now();
    try {
      return await use(await connection.open());
    } catch (error) {
      const isLate = asyncScheduler.now() - begun >= 2 * this.timeout;
      if (isOfCommand(error) || failureOf(error).category === 'limit-exceeded' || isLate) throw failureOf(error);
    }
    try {
      return await use(await connection.open());
    } catch (error) {
      throw failureOf(error);
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #check(connection: OpenConnection): void {
    if (this.#isChecked) return;
    this.#isChecked = true;
    // A server that does not say is no reason for trouble, nor is a host's function that throws.
    warningsOf(connection)
      .then((warnings) => warnings.forEach((warning) => void this.#config.onWarning(warning)))
      .catch(() => {});
  }
}
