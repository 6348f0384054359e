import { filter, firstValueFrom, merge, Subject } from 'rxjs';
import { ProviderError } from '../core/provider-error.ts';
import { after } from './persist.ts';

/** How many sessions a process may have, those included that are about to begin. */
export class SessionPlaces {
  readonly #running: () => number;
  readonly #max: number;
  readonly #changes = new Subject<void>();
  #taken = 0;
  /** Whether nothing begins any more. */
  isClosed = false;

  constructor(running: () => number, max: number) {
    this.#running = running;
    this.#max = max;
  }

  get isFree(): boolean {
    return !this.isClosed && this.#running() + this.#taken < this.#max;
  }

  /** @throws ProviderError `limit-exceeded` where there is none. */
  take(): { giveBack(): void } {
    if (this.isClosed) throw refused('draining', 'this process is about to end');
    if (!this.isFree) throw refused('max-sessions', `there are ${this.#max} sessions`);
    this.#taken++;
    return {
      giveBack: () => {
        this.#taken--;
        this.#changes.next();
      },
    };
  }

  close(): void {
    this.isClosed = true;
  }

  /** Resolves once nothing is about to begin, or the time is over. */
  async settled(within: number): Promise<void> {
    if (this.#taken === 0) return;
    await firstValueFrom(merge(this.#changes.pipe(filter(() => this.#taken === 0)), after(within)));
  }
}

/** A limit of this process. */
export function refused(code: string, reason: string): ProviderError {
  return new ProviderError({ category: 'limit-exceeded', phase: 'local', code, reason });
}
