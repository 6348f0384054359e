import { Observable, type Subscriber } from 'rxjs';
import { type EventLike, ProviderError, type StreamRequest } from '../../src/index.ts';

/** A stream that is kept, written by a test. */
export class Log {
  readonly id: string;
  readonly tenant: string | undefined;
  readonly request: StreamRequest;
  readonly events: (EventLike & { readonly cursor: string })[] = [];
  isCancelled = false;
  #end: { readonly error?: unknown } | undefined;
  readonly #readers = new Set<Subscriber<EventLike>>();

  constructor(id: string, request: StreamRequest, tenant: string | undefined) {
    this.id = id;
    this.request = request;
    this.tenant = tenant;
  }

  get readers(): number {
    return this.#readers.size;
  }

  write(...events: readonly EventLike[]): void {
    for (const event of events) {
      const stored = { ...event, cursor: `c${String(this.events.length + 1).padStart(6, '0')}` };
      this.events.push(stored);
      for (const reader of [...this.#readers]) reader.next(stored);
    }
  }

  say(...texts: readonly string[]): void {
    this.write(...texts.map((text) => ({ type: 'text-delta', id: '0', text })));
  }

  /** As a store does that is away: what is told is not kept. */
  tell(event: EventLike): void {
    for (const reader of [...this.#readers]) reader.next(event);
  }

  finish(): void {
    this.write({ type: 'finish', requestId: 'req_server', finishReason: 'stop', rawFinishReason: 'stop', usage } as EventLike);
    this.end();
  }

  end(error?: unknown): void {
    this.#end = error === undefined ? {} : { error };
    for (const reader of [...this.#readers]) this.#endOf(reader);
  }

  read(after: string | undefined): Observable<EventLike> {
    return new Observable((subscriber) => {
      const begin = after === undefined ? 0 : this.events.findIndex(({ cursor }) => cursor === after) + 1;
      if (after !== undefined && begin === 0) {
        subscriber.error(new ProviderError({ category: 'replay-gap', phase: 'local', retryable: false }));
        return undefined;
      }
      for (const event of this.events.slice(begin)) subscriber.next(event);
      if (this.#end) {
        this.#endOf(subscriber);
        return undefined;
      }
      this.#readers.add(subscriber);
      return () => this.#readers.delete(subscriber);
    });
  }

  #endOf(subscriber: Subscriber<EventLike>): void {
    if (this.#end && 'error' in this.#end) subscriber.error(this.#end.error);
    else subscriber.complete();
  }
}

const usage = { inputTokens: 1, outputTokens: 2, totalTokens: 3, estimated: false };
export const start = { type: 'start', requestId: 'req_server', attempt: 1, provider: 'acme', model: 'm-1' };

/** Sessions over logs that a test writes by hand; they outlive every server that serves them. */
export class LogSessions {
  readonly logs: Log[] = [];
  readonly keys = new Map<string, Log>();
  readonly attachments: (string | undefined)[] = [];
  /** Rejects what is started next. */
  refusal: ProviderError | undefined;
  /** Told of each log that begins. */
  onStart: (log: Log) => void = () => {};

  start = async (
    request: StreamRequest,
    options: { readonly tenant?: string | undefined; readonly idempotencyKey?: string | undefined },
  ) => {
    if (this.refusal) throw this.refusal;
    const key = `${options.tenant ?? ''} ${options.idempotencyKey ?? Math.random()}`;
    const known = this.keys.get(key);
    if (known) return { id: known.id, isNew: false };
    const log = new Log(`s${this.logs.length + 1}`, request, options.tenant);
    this.logs.push(log);
    this.keys.set(key, log);
    log.write(start);
    this.onStart(log);
    return { id: log.id, isNew: true };
  };

  attach = (id: string, { after, tenant }: { readonly after?: string | undefined; readonly tenant?: string | undefined }) => {
    this.attachments.push(after);
    const log = this.logs.find((each) => each.id === id && each.tenant === tenant);
    if (log) return log.read(after);
    return new Observable<EventLike>((subscriber) => subscriber.error(notFound()));
  };

  cancel = async (id: string, { tenant }: { readonly tenant?: string | undefined }) => {
    const log = this.logs.find((each) => each.id === id && each.tenant === tenant);
    if (!log) throw notFound();
    log.isCancelled = true;
    log.end(new ProviderError({ category: 'cancelled', phase: 'streaming' }));
  };
}

function notFound(): ProviderError {
  return new ProviderError({ category: 'not-found', phase: 'local', retryable: false });
}
