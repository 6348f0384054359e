import { defaults, type ProviderError } from '../index.ts';
import { BlockingRead } from './blocking-read.ts';
import type { BlockingSource } from './blocking-source.ts';
import type { RedisAccess } from './redis-access.ts';

/** As many connections that wait as the sources need: each has a limited number, for one that waits on too many is slow. */
export class BlockingReads {
  readonly #access: RedisAccess;
  readonly #reads: BlockingRead[] = [];
  readonly #bySource = new Map<BlockingSource, BlockingRead>();

  constructor(access: RedisAccess) {
    this.#access = access;
  }

  add(source: BlockingSource): void {
    const read = this.#reads.find(({ size }) => size < defaults.redis.maxKeys) ?? this.#another();
    this.#bySource.set(source, read);
    read.add(source);
  }

  remove(source: BlockingSource): void {
    const read = this.#bySource.get(source);
    this.#bySource.delete(source);
    read?.remove(source);
  }

  close(failure: ProviderError): void {
    for (const read of this.#reads) read.close(failure);
    this.#bySource.clear();
  }

  #another(): BlockingRead {
    const read = new BlockingRead(this.#access);
    this.#reads.push(read);
    return read;
  }
}
