import { asyncScheduler, type Subscription } from 'rxjs';
import type { Connection } from './connection.ts';

/** Ends the wait of a blocking command that does not know of all its keys yet; once for all keys that come at about the same time. */
export class Waker {
  /** The connection that blocks, as Redis names it. */
  clientId = '';
  readonly #connection: Connection;
  #isBlocked = false;
  #isWanted = false;
  #round = 0;
  #wokenRound = -1;
  #timer: Subscription | undefined;

  /** @param connection Another one than that which blocks. */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The blocking command is sent, with all keys that there are. */
  begin(): void {
    this.#round++;
    this.#isBlocked = true;
    this.#isWanted = false;
  }

  end(): void {
    this.#isBlocked = false;
  }

  wake(): void {
    this.#isWanted = true;
    this.#schedule(0);
  }

  close(): void {
    this.#timer?.unsubscribe();
    this.#isWanted = false;
  }

  #schedule(delay: number): void {
    if (this.#timer) return;
    this.#timer = asyncScheduler.schedule(() => {
      void this.#unblock();
    }, delay);
  }

  async #unblock(): Promise<void> {
    if (this.#isDue) {
      const round = this.#round;
      try {
        const connection = await this.#connection.open();
        // 0 says that the command has not got there yet.
        if ((await connection.send(['CLIENT', 'UNBLOCK', this.clientId])) === 1) this.#wokenRound = round;
      } catch {
        // Without the right to unblock, or without Redis, the wait ends by itself.
        this.#wokenRound = round;
      }
    }
    this.#timer = undefined;
    if (this.#isDue) this.#schedule(2);
  }

  get #isDue(): boolean {
    return this.#isWanted && this.#isBlocked && this.#wokenRound !== this.#round;
  }
}
