import { asyncScheduler } from 'rxjs';
import { defaults, type ProviderError } from '../index.ts';
import type { BlockingSource } from './blocking-source.ts';
import type { Connection } from './connection.ts';
import { findCulprits, readCommand } from './find-culprits.ts';
import type { RawEntry } from './log-entry.ts';
import { checkScript } from './looking-scripts.ts';
import type { OpenConnection } from './open-connection.ts';
import type { RedisAccess } from './redis-access.ts';
import { failureOf, isOfCommand } from './redis-failure.ts';
import { Waker } from './waker.ts';

interface Waiting {
  readonly source: BlockingSource;
  readonly since: number;
  nextCheck: number;
}

/** One connection that waits for all of its sources at once. */
export class BlockingRead {
  readonly #access: RedisAccess;
  readonly #connection: Connection;
  readonly #waiting = new Map<string, Waiting>();
  readonly #waker: Waker;
  #current: OpenConnection | undefined;
  #isRunning = false;
  #isClosed = false;
  #lastSuccess = Number.NEGATIVE_INFINITY;
  /** The largest entry that came lately, in characters. */
  #entrySize = 256;

  constructor(access: RedisAccess) {
    this.#access = access;
    this.#connection = access.connect();
    this.#waker = new Waker(access.reading);
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(source: BlockingSource): void {
    const now = asyncScheduler.now();
    this.#waiting.set(source.key, { source, since: now, nextCheck: now + (source.check?.every ?? Number.POSITIVE_INFINITY) });
    if (this.#isRunning) this.#waker.wake();
    else void this.#run();
  }

  remove(source: BlockingSource): void {
    if (this.#waiting.get(source.key)?.source === source) this.#waiting.delete(source.key);
  }

  close(failure: ProviderError): void {
    this.#isClosed = true;
    this.#waker.close();
    this.#failAll(failure, Number.POSITIVE_INFINITY);
    this.#access.disconnect(this.#connection);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.size > 0 && !this.#isClosed) {
      try {
        const connection = await this.#connection.open();
        if (connection !== this.#current) await this.#begin(connection);
        else await this.#check(connection, asyncScheduler.now());
        await this.#read(connection);
        this.#lastSuccess = asyncScheduler.now();
      } catch (error) {
        this.#current?.fail(failureOf(error));
        this.#current = undefined;
        this.#failAll(failureOf(error), asyncScheduler.now() - this.#access.patience);
      }
    }
    this.#isRunning = false;
  }

  async #begin(connection: OpenConnection): Promise<void> {
    this.#current = connection;
    this.#waker.clientId = String(await connection.send(['CLIENT', 'ID']));
    await this.#check(connection, Number.POSITIVE_INFINITY);
  }

  async #read(connection: OpenConnection): Promise<void> {
    const { block, maxReply } = defaults.redis;
    const all = [...this.#waiting.values()];
    if (all.length === 0) return;
    const soonest = all.reduce((least, { nextCheck }) => Math.min(least, nextCheck), Number.POSITIVE_INFINITY) - asyncScheduler.now();
    const wait = Math.ceil(Math.min(block, Math.max(10, soonest)));
    const count = Math.max(1, Math.min(64, Math.floor(maxReply / (all.length * this.#entrySize))));
    const sources = all.map(({ source }) => source);
    this.#waker.begin();
    try {
      const options = ['COUNT', String(count), 'BLOCK', String(wait)];
      this.#accept(await connection.send(readCommand(sources, options), wait + this.#access.timeout));
    } catch (error) {
      if (!isOfCommand(error) || !(await this.#evict(connection, sources))) throw error;
    } finally {
      this.#waker.end();
    }
  }

  #accept(reply: unknown): void {
    let largest = 0;
    for (const [key, entries] of (reply ?? []) as [string, RawEntry[]][]) {
      for (const [, fields] of entries) largest = Math.max(largest, (fields[1]?.length ?? 0) + (fields[3]?.length ?? 0));
      this.#waiting.get(key)?.source.accept(entries);
    }
    if (largest > 0) this.#entrySize = Math.max(largest + 64, Math.floor(this.#entrySize * 0.9));
  }

  /** Tells whether there was one to blame. */
  async #evict(connection: OpenConnection, all: readonly BlockingSource[]): Promise<boolean> {
    const culprits = await findCulprits(connection, all);
    for (const { source, error } of culprits) {
      this.remove(source);
      source.fail(failureOf(error));
    }
    return culprits.length > 0;
  }

  async #check(connection: OpenConnection, dueBy: number): Promise<void> {
    const due = [...this.#waiting.values()].filter(({ source, nextCheck }) => source.check && nextCheck <= dueBy);
    if (due.length === 0) return;
    const keys = due.flatMap(({ source }) => [source.check?.recordKey ?? '', source.key]);
    const replies = (await checkScript.run(connection, keys, [])) as [string, string, string][];
    const now = asyncScheduler.now();
    this.#lastSuccess = now;
    due.forEach((waiting, index) => {
      const [status = '', last, lease] = replies[index] ?? [];
      waiting.source.check?.accept(status, Number(last), Number(lease));
      waiting.nextCheck = now + (waiting.source.check?.every ?? 0);
    });
  }

  /** Those that have waited for a success since then. */
  #failAll(failure: ProviderError, since: number): void {
    if (this.#lastSuccess > since && since !== Number.POSITIVE_INFINITY) return;
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.since > since) continue;
      this.remove(waiting.source);
      waiting.source.fail(failure);
    }
  }
}
