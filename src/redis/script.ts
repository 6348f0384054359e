import { createHash } from 'node:crypto';
import type { OpenConnection } from './open-connection.ts';
import { replyCode } from './redis-failure.ts';

/** A script in Lua, known to Redis by its hash once it was sent. */
export class Script {
  readonly #source: string;
  readonly #hash: string;

  /**
   * @param flags `allow-oom` for what must work in a Redis without memory, `no-writes` for what only reads.
   */
  constructor(flags: 'allow-oom' | 'no-writes' | '', ...parts: string[]) {
    this.#source = [`#!lua${flags && ` flags=${flags}`}`, ...parts].join('\n');
    this.#hash = createHash('sha1').update(this.#source).digest('hex');
  }

  async run(connection: OpenConnection, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...values.map(String)];
    try {
      return await connection.send(['EVALSHA', this.#hash, ...rest]);
    } catch (error) {
      if (replyCode(error) !== 'NOSCRIPT') throw error;
      return connection.send(['EVAL', this.#source, ...rest]);
    }
  }
}
