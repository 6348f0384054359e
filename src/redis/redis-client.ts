/** One connection to Redis, as node-redis (5 and later) makes it. */
export interface RedisConnection {
  /** Opens the connection. */
  connect(): Promise<unknown>;
  /** One command; the replies come in the order of the commands, as RESP 2 has them. */
  sendCommand(command: readonly string[]): Promise<unknown>;
  /** Tells of errors, and of the end of the connection. */
  on(event: 'error' | 'end', listener: (error?: unknown) => void): unknown;
  /** Closes it at once. */
  destroy(): void;
}

/**
 * What {@link redisStore} needs of a client: that others like it can be made. A client of node-redis is one; one of ioredis becomes one by
 * {@link fromIoredis}.
 *
 * The client itself is not used, not connected and not closed.
 */
export interface RedisClient {
  readonly options?: { readonly socket?: object | undefined } | undefined;
  /** A client with the same options but for these, not connected. */
  duplicate(overrides?: object): RedisConnection;
}

/**
 * A connection of the store's own. It does not reconnect by itself, for then it would repeat commands whose fate nobody knows, and keeps no
 * command for a Redis that is away.
 */
export function connectionLike(client: RedisClient, connectTimeout: number): RedisConnection {
  return client.duplicate({
    RESP: 2,
    disableOfflineQueue: true,
    socket: { ...client.options?.socket, reconnectStrategy: false, connectTimeout, socketTimeout: undefined },
    commandOptions: { timeout: undefined, typeMapping: undefined },
    commandsQueueMaxLength: undefined,
    keyPrefix: undefined,
    pingInterval: undefined,
    readonly: undefined,
    clientSideCache: undefined,
    emitInvalidate: undefined,
    maintNotifications: 'disabled',
  });
}
