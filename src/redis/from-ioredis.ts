import type { RedisClient, RedisConnection } from './redis-client.ts';

/** What {@link fromIoredis} needs of a client of ioredis. */
export interface IoredisClient {
  /** A client with the same options but for these. */
  duplicate(override?: object): {
    /** Opens the connection. */
    connect(): Promise<unknown>;
    /** One command. */
    call(command: string, ...parts: string[]): Promise<unknown>;
    /** Tells of errors, and of the end of the connection. */
    on(event: string, listener: (error?: unknown) => void): unknown;
    /** Closes it at once. */
    disconnect(): void;
  };
}

/**
 * A client of ioredis (5 and later) for {@link redisStore}, which opens connections of its own like it; the client itself is not used.
 *
 * @example
 * ```ts
 * import { Redis } from 'ioredis';
 * import { fromIoredis, redisStore } from 'steadystream/redis';
 *
 * const store = redisStore({ client: fromIoredis(new Redis({ lazyConnect: true })) });
 * ```
 */
export function fromIoredis(client: IoredisClient): RedisClient {
  return {
    duplicate(overrides) {
      const { connectTimeout } = (overrides as { readonly socket?: { readonly connectTimeout?: number } } | undefined)?.socket ?? {};
      return new IoredisConnection(client, connectTimeout);
    },
  };
}

class IoredisConnection implements RedisConnection {
  readonly #connection: ReturnType<IoredisClient['duplicate']>;

  constructor(client: IoredisClient, connectTimeout: number | undefined) {
    this.#connection = client.duplicate({
      lazyConnect: true,
      protocol: 2,
      keyPrefix: '',
      enableOfflineQueue: false,
      enableAutoPipelining: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: null,
      reconnectOnError: null,
      commandTimeout: undefined,
      connectTimeout,
    });
  }

  connect(): Promise<unknown> {
    return this.#connection.connect();
  }

  sendCommand([name = '', ...parts]: readonly string[]): Promise<unknown> {
    return this.#connection.call(name, ...parts);
  }

  on(event: 'error' | 'end', listener: (error?: unknown) => void): unknown {
    return this.#connection.on(event, listener);
  }

  destroy(): void {
    this.#connection.disconnect();
  }
}
