import { asyncScheduler, type Subscription } from 'rxjs';
import { defaults } from '../index.ts';
import { failureOf } from './redis-failure.ts';

/** Looks again at a Redis that is away, until that takes too long. */
export class Patience {
  readonly #patience: number;
  #wait: Subscription | undefined;
  #isEnded = false;

  /** @param patience Milliseconds without a success. */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** @throws ProviderError that of the last look. */
  async look<T>(look: () => Promise<T>): Promise<T> {
    const since = asyncScheduler.now();
    for (;;) {
      try {
        return await look();
      } catch (error) {
        const failure = failureOf(error);
        if (this.#isEnded || !failure.retryable || asyncScheduler.now() - since >= this.#patience) throw failure;
        await new Promise<void>((resume) => {
          this.#wait = asyncScheduler.schedule(() => resume(), defaults.redis.minReconnectDelay);
        });
      }
    }
  }

  /** Nothing is looked at again; who waits for a look waits for nothing more, and is forgotten. */
  end(): void {
    this.#isEnded = true;
    this.#wait?.unsubscribe();
  }
}
