import { asyncScheduler, type Subscriber, type Subscription } from 'rxjs';
import { defaults, type ProviderError } from '../index.ts';
import type { BlockingReads } from './blocking-reads.ts';
import type { BlockingSource } from './blocking-source.ts';
import type { RawEntry } from './log-entry.ts';
import type { RedisAccess } from './redis-access.ts';

/** The ids of a process's streams that somebody cancels, as hints: a Redis that is away is waited for without end. */
export class ControlStream implements BlockingSource {
  readonly key: string;
  readonly subscribers = new Set<Subscriber<string>>();
  position = '0-0';
  readonly #access: RedisAccess;
  readonly #blocking: BlockingReads;
  #retry: Subscription | undefined;
  #isEnded = false;

  constructor(access: RedisAccess, blocking: BlockingReads, owner: string) {
    this.#access = access;
    this.#blocking = blocking;
    this.key = access.keys.control(owner);
  }

  /** From what is last now. */
  begin(): void {
    const command = ['XREVRANGE', this.key, '+', '-', 'COUNT', '1'];
    this.#access
      .attempt(this.#access.reading, (connection) => connection.send(command))
      .then(
        (reply) => {
          this.position = (reply as RawEntry[])[0]?.[0] ?? '0-0';
          if (!this.#isEnded) this.#blocking.add(this);
        },
        () => this.#beginLater(),
      );
  }

  end(): void {
    this.#isEnded = true;
    this.#retry?.unsubscribe();
    this.#blocking.remove(this);
  }

  accept(entries: readonly RawEntry[]): void {
    for (const [entryId, fields] of entries) {
      this.position = entryId;
      for (const subscriber of [...this.subscribers]) subscriber.next(fields[1] ?? '');
    }
  }

  fail(_failure: ProviderError): void {
    this.#beginLater();
  }

  #beginLater(): void {
    if (this.#isEnded) return;
    this.#retry?.unsubscribe();
    this.#retry = asyncScheduler.schedule(() => this.begin(), defaults.redis.maxReconnectDelay);
  }
}
