import type { Subscriber } from 'rxjs';
import { currentFlowGate } from '../core/flow-gate.ts';
import { isProviderError, ProviderError } from '../core/provider-error.ts';
import { formatCursor } from './cursor.ts';
import type { MemoryStream } from './memory-stream.ts';
import { planRead } from './read-plan.ts';
import { errorOfOutcome, invalidCursor, producerLost, replayGap } from './store-errors.ts';
import type { StoredEvent } from './stream-store.ts';

/**
 * Somebody who reads a log in memory: a place in it, and nothing else, however slow.
 *
 * It goes on whenever the log has grown, and waits while the flow gate of its consumer is closed.
 */
export class MemoryReader {
  readonly #stream: MemoryStream;
  readonly #subscriber: Subscriber<StoredEvent>;
  readonly #gate = currentFlowGate();
  #sequence = 0;
  #isReading = false;

  constructor(stream: MemoryStream, subscriber: Subscriber<StoredEvent>) {
    this.#stream = stream;
    this.#subscriber = subscriber;
    if (!this.#gate) return;
    this.#gate.taken = true;
    subscriber.add(this.#gate.onReopen(() => this.read()));
  }

  begin(after: string | undefined): void {
    const { log } = this.#stream;
    const plan = planRead(after, log.extent);
    if (plan.type === 'invalid') this.#subscriber.error(invalidCursor());
    else if (plan.type === 'gap') this.#subscriber.error(replayGap());
    else if (plan.type === 'entries') this.#sequence = plan.after;
    else if (plan.type === 'restart') {
      this.#sequence = log.contentEnd;
      this.#isReading = true;
      const snapshot = log.sumUp(this.#sequence);
      this.#subscriber.next(this.#restart());
      this.#subscriber.next(snapshot);
      this.#isReading = false;
    }
    this.read();
  }

  /** Goes on as far as the log does. */
  read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (!this.#subscriber.closed && this.#gate?.open !== false && this.#readNext());
    } catch (cause) {
      this.fail(isProviderError(cause) ? cause : new ProviderError({ category: 'protocol', phase: 'local', code: 'not-json', cause }));
    } finally {
      this.#isReading = false;
    }
  }

  fail(error: ProviderError): void {
    this.#subscriber.error(error);
  }

  /** @returns Whether there may be more. */
  #readNext(): boolean {
    const { log, outcome } = this.#stream;
    if (this.#sequence < log.snapshotAt) {
      this.#sequence = log.snapshotAt;
      const snapshot = log.readSnapshot();
      if (snapshot) this.#subscriber.next(snapshot);
      return true;
    }
    if (this.#sequence < log.last) {
      const event = log.read(++this.#sequence);
      if (event) this.#subscriber.next(event);
      return true;
    }
    if (!outcome) return false;
    const error = errorOfOutcome(outcome);
    if (error) this.#subscriber.error(error);
    else this.#subscriber.complete();
    return false;
  }

  /** Its cursor is before the beginning: who was told nothing more is given everything. */
  #restart(): StoredEvent {
    const { init, progress } = this.#stream;
    const { attempts: attempt = 0, provider = '', model = '' } = progress ?? {};
    const cursor = formatCursor({ epoch: 0, sequence: 0 });
    return { type: 'restart', requestId: init.requestId, error: producerLost(), attempt, provider, model, cursor } as StoredEvent;
  }
}
