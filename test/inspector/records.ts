import { ProviderError } from 'steadystream';
import { type LifecycleRecord, type MomentRecord, toLifecycleRecord } from 'steadystream/inspector';

/** When the streams of these tests begin. */
export const beginning = 1_800_000_000_000;

const usage = { inputTokens: 10, outputTokens: 40, totalTokens: 50, estimated: false };

/** An error as a record holds it. */
export function recorded(category: ConstructorParameters<typeof ProviderError>[0]['category'], status?: number) {
  const error = new ProviderError({ category, status, provider: 'acme', model: 'm-1', requestId: 'r' });
  const record = toLifecycleRecord({ type: 'error', error, ...moment('r', 1, 0) }, { at: 0 });
  return (record as Extract<MomentRecord, { type: 'error' }>).error;
}

function moment(requestId: string, attempt: number, elapsedMs: number) {
  return { requestId, callId: `call-${requestId}`, provider: 'acme', model: 'm-1', attempt, elapsedMs };
}

/** Records of one stream, written as times and steps. */
export class Story {
  readonly records: LifecycleRecord[] = [];
  readonly #requestId: string;
  readonly #startedAt: number;
  #attempt = 0;

  constructor(requestId: string, startedAt = 0) {
    this.#requestId = requestId;
    this.#startedAt = startedAt;
  }

  attempt(at: number): this {
    this.#attempt++;
    return this.#tell(at, { type: 'attempt' });
  }

  headers(at: number): this {
    return this.#tell(at, { type: 'headers', status: 200 });
  }

  content(at: number): this {
    return this.#tell(at, { type: 'first-content' });
  }

  /** The attempt fails, and another follows after a wait. */
  retry(at: number, delayMs: number, category: Parameters<typeof recorded>[0] = 'overloaded'): this {
    const error = recorded(category, 503);
    this.#tell(at, { type: 'attempt-end', outcome: 'error', error });
    return this.#tell(at, { type: 'retry', delayMs, category, error });
  }

  tell(at: number, step: object): this {
    return this.#tell(at, step);
  }

  finish(at: number): this {
    this.#tell(at, { type: 'attempt-end', outcome: 'finish' });
    return this.#tell(at, { type: 'finish', finishReason: 'stop', rawFinishReason: 'stop', usage });
  }

  fail(at: number, category: Parameters<typeof recorded>[0] = 'server-error'): this {
    return this.#tell(at, { type: 'error', error: recorded(category, 500) });
  }

  cancel(at: number): this {
    return this.#tell(at, { type: 'cancel' });
  }

  #tell(at: number, step: object): this {
    const elapsedMs = at - this.#startedAt;
    this.records.push({ at: beginning + at, ...moment(this.#requestId, this.#attempt, elapsedMs), ...step } as LifecycleRecord);
    return this;
  }
}
