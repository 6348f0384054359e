import type { HolderReply, StreamBatch, StreamHolder } from '../index.ts';
import { appendBatch } from './append.ts';
import { fateScript } from './holding-scripts.ts';
import type { OpenConnection } from './open-connection.ts';
import type { RedisAccess } from './redis-access.ts';

/** What this process knows of a log: its last sequence, as seen over a connection. */
interface KnownEnd {
  readonly connection: OpenConnection;
  readonly last: number;
}

const maxKnown = 16_384;

/**
 * The streams that are appended to, and how far.
 *
 * Redis takes a batch after a gap, too. So a batch that is not the next one, as far as this process knows, and one that goes over another
 * connection than the last, behind which may stand a Redis that has lost its last seconds, is looked into first.
 */
export class AppendedStreams {
  readonly #access: RedisAccess;
  readonly #known = new Map<string, KnownEnd>();

  constructor(access: RedisAccess) {
    this.#access = access;
  }

  async append(holder: StreamHolder, batch: StreamBatch): Promise<HolderReply> {
    const { writing } = this.#access;
    const reply = await this.#access.attempt(writing, (connection) => this.#append(connection, holder, batch));
    if (reply !== 'ok') this.forget(holder.id);
    return reply;
  }

  /** The end of a log was seen. */
  know(id: string, connection: OpenConnection, last: number): void {
    const [oldest] = this.#known.size >= maxKnown ? this.#known.keys() : [];
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(id, { connection, last });
  }

  forget(id: string): void {
    this.#known.delete(id);
  }

  async #append(connection: OpenConnection, holder: StreamHolder, batch: StreamBatch): Promise<HolderReply> {
    const { log } = this.#access.keys.of(holder.id);
    const known = this.#known.get(holder.id);
    this.forget(holder.id);
    const isNext = known?.connection === connection && known.last === batch.sequence - 1;
    const fate = isNext ? 'next' : await this.#fate(connection, holder, batch);
    const reply = fate === 'next' ? await this.#write(connection, log, holder, batch) : fate;
    if (reply === 'ok') this.know(holder.id, connection, batch.sequence + batch.events.length - 1);
    return reply;
  }

  async #write(connection: OpenConnection, log: string, holder: StreamHolder, batch: StreamBatch): Promise<HolderReply> {
    const reply = await appendBatch(connection, log, holder, batch);
    if (reply !== 'refused') return reply;
    const fate = await this.#fate(connection, holder, batch);
    // Refused, and yet the next one: such a log is none of ours.
    return fate === 'next' ? 'lost' : fate;
  }

  async #fate(connection: OpenConnection, { id, epoch }: StreamHolder, { sequence, events }: StreamBatch) {
    const { keys } = this.#access;
    const values = [id, keys.prefix, epoch, sequence, sequence + events.length - 1];
    return (await fateScript.run(connection, keys.all(id), values)) as HolderReply | 'next';
  }
}
