import { createRequire } from 'node:module';
import { catchError, concat, Observable, of, retry, throwError, timer } from 'rxjs';
import {
  type BreakerChange,
  createCircuitBreakers,
  createClient,
  createRetryBudget,
  ErrorResponse,
  type Provider,
  type ProviderError,
  type ResponseHead,
  type RetryBudget,
  type SseMessage,
  type StreamRequest,
} from '../../src/index.ts';
import type { ContenderName } from './contender-names.ts';
import { randomOf } from './random.ts';
import type { SimulatedProvider, Sink } from './simulated-provider.ts';

/** How a call went. `refused` are those that the contender itself turned away. */
export type Outcome = 'served' | 'by-fallback' | 'failed' | 'refused';

/** Who wants an answer. */
export interface Consumer {
  content(): void;
  end(outcome: Outcome, reason: string): void;
}

/** One process that makes calls. */
export interface Caller {
  /** Makes a call for a tenant; the returned function abandons it. */
  call(consumer: Consumer, tenant: number): () => void;
  /** Tokens of a retry budget that were spent. */
  tokens?: number;
  /** Requests after the first of their call. */
  retries?: number;
}

/** What a caller is made of. */
export interface Surroundings {
  readonly provider: SimulatedProvider;
  /** Asked when the provider cannot answer. */
  readonly fallback: SimulatedProvider | undefined;
  readonly seed: number;
  /** Whether it is told whose a call is. */
  readonly hasAccounts: boolean;
  readonly onBreaker: (change: BreakerChange) => void;
}

/** A way to call a provider. */
export interface Contender {
  /** Whether it is made of promises, which need a pause to settle in. */
  readonly settles: boolean;
  make(surroundings: Surroundings): Caller;
}

/** Makes a contender; a reason if its package is not installed. */
export function contender(name: ContenderName): Contender | string {
  switch (name) {
    case 'steadystream':
      return { settles: false, make: (surroundings) => steadystream(surroundings, false) };
    case 'without breaker':
      return { settles: false, make: (surroundings) => steadystream(surroundings, true) };
    case 'nothing':
      return { settles: false, make: nothing };
    case 'plain retry':
      return { settles: false, make: plainRetry };
    case 'cockatiel':
    case 'opossum':
      try {
        return { settles: true, make: name === 'cockatiel' ? cockatiel(load(name)) : opossum(load(name)) };
      } catch {
        return `${name} is not installed (npm install --prefix bench)`;
      }
  }
}

const request: StreamRequest = { model: 'model', messages: [{ role: 'user', content: 'Hello' }] };
const noHeaders = new Headers();
const head: ResponseHead = { type: 'head', status: 200, headers: noHeaders };
const message = (data: string): SseMessage => ({ type: 'message', event: '', data, id: '' });
const textMessage = message('text');
const finishMessage = message('finish');

/** A provider of the library over a simulated one; the messages carry the kind of their event. */
function asProvider(name: string, simulated: SimulatedProvider, onRetry: () => void): Provider {
  return {
    name,
    request: ({ metadata }, { attempt }) => {
      if (attempt > 1) onRetry();
      return { url: 'simulated:', headers: {}, body: metadata?.tenant };
    },
    decoder: () => ({
      decode: ({ data }) =>
        data === 'text'
          ? [{ type: 'text-delta', id: '0', text: 'text' }]
          : [{ type: 'finish', finishReason: 'stop', rawFinishReason: 'stop', usage: {} as never }],
    }),
    transport: ({ body }) =>
      new Observable((subscriber) => {
        const sink: Sink = {
          head: () => subscriber.next(head),
          content: () => subscriber.next(textMessage),
          finish: () => {
            subscriber.next(finishMessage);
            subscriber.complete();
          },
          cut: () => subscriber.complete(),
          refuse: (status, retryAfter) => {
            const headers = retryAfter === undefined ? noHeaders : new Headers({ 'retry-after': `${retryAfter / 1_000}` });
            subscriber.error(new ErrorResponse({ status, body: undefined, headers }));
          },
        };
        return simulated.request(sink, Number(body ?? 0));
      }),
  };
}

/** The whole client, with every default; only its chance is ours. */
function steadystream({ provider, fallback, seed, hasAccounts, onBreaker }: Surroundings, shadow: boolean): Caller {
  const random = randomOf(seed);
  const counts = { tokens: 0, retries: 0 };
  const budget = createRetryBudget();
  const breakers = createCircuitBreakers({ random, openOnSlow: fallback !== undefined, shadow });
  if (!shadow) breakers.changes$.subscribe((change) => change.provider === 'main' && onBreaker(change));
  const client = createClient({
    provider: asProvider('main', provider, () => {
      counts.retries++;
    }),
    fallback: fallback ? [{ provider: asProvider('other', fallback, () => {}), model: 'model' }] : [],
    breakers,
    budget: counted(budget, () => {
      counts.tokens++;
    }),
    retry: { random },
  });

  function call(consumer: Consumer, tenant: number): () => void {
    const whose = `${tenant}`;
    const asked = tenant === 0 ? request : { ...request, metadata: { tenant: whose } };
    let hasContent = false;
    let answeredBy = '';
    const subscription = client.stream(asked, hasAccounts ? { tenant: whose } : undefined).subscribe({
      next: (event) => {
        if (event.type === 'start') answeredBy = event.provider;
        if (event.type !== 'text-delta' || hasContent) return;
        hasContent = true;
        consumer.content();
      },
      error: ({ category, gaveUp }: ProviderError) => {
        const isRefused = category === 'circuit-open' || category === 'limit-exceeded';
        consumer.end(isRefused ? 'refused' : 'failed', gaveUp ? `${category}, ${gaveUp}` : category);
      },
      complete: () => consumer.end(answeredBy === 'other' ? 'by-fallback' : 'served', ''),
    });
    return () => subscription.unsubscribe();
  }
  return Object.assign(counts, { call });
}

function counted(budget: RetryBudget, spent: () => void): RetryBudget {
  return {
    ...budget,
    take: (key) => {
      const isTaken = budget.take(key);
      if (isTaken) spent();
      return isTaken;
    },
  };
}

/** What a request that nobody looks after raises. */
class Failure extends Error {
  readonly hadContent: boolean;

  constructor(hadContent: boolean) {
    super('failed');
    this.hadContent = hadContent;
  }
}

/** One request as an Observable of its content. */
function bare(provider: SimulatedProvider): Observable<'content'> {
  return new Observable((subscriber) => {
    let hasContent = false;
    return provider.request({
      head: () => {},
      content: () => {
        hasContent = true;
        subscriber.next('content');
      },
      finish: () => subscriber.complete(),
      cut: () => subscriber.error(new Failure(true)),
      refuse: () => subscriber.error(new Failure(hasContent)),
    });
  });
}

function consume(answer$: Observable<'content' | 'other'>, consumer: Consumer): () => void {
  let hasContent = false;
  let isOther = false;
  const subscription = answer$.subscribe({
    next: (value) => {
      if (value === 'other') isOther = true;
      else if (!hasContent) {
        hasContent = true;
        consumer.content();
      }
    },
    error: () => consumer.end('failed', 'failed'),
    complete: () => consumer.end(isOther ? 'by-fallback' : 'served', ''),
  });
  return () => subscription.unsubscribe();
}

function withFallback(answer$: Observable<'content'>, fallback: SimulatedProvider | undefined): Observable<'content' | 'other'> {
  if (!fallback) return answer$;
  return answer$.pipe(
    catchError((error: Failure) => (error.hadContent ? throwError(() => error) : concat(of('other' as const), bare(fallback)))),
  );
}

/** Each call is one request. */
function nothing({ provider, fallback }: Surroundings): Caller {
  return { call: (consumer) => consume(withFallback(bare(provider), fallback), consumer) };
}

/** What one writes first: three attempts, doubling waits from a second on, nothing shared. */
function plainRetry({ provider, fallback, seed }: Surroundings): Caller {
  const random = randomOf(seed);
  const delay = (error: Failure, count: number) =>
    error.hadContent ? throwError(() => error) : timer(random() * 1_000 * 2 ** (count - 1));
  return { call: (consumer) => consume(withFallback(bare(provider).pipe(retry({ count: 2, delay })), fallback), consumer) };
}

/** The part of cockatiel that is used here. */
interface Cockatiel {
  readonly handleWhen: (predicate: (error: Error) => boolean) => unknown;
  readonly retry: (policy: unknown, options: object) => unknown;
  readonly circuitBreaker: (policy: unknown, options: object) => unknown;
  readonly wrap: (...policies: unknown[]) => {
    execute(run: (context: { signal: AbortSignal }) => Promise<void>, signal?: AbortSignal): Promise<void>;
  };
  readonly ExponentialBackoff: new () => unknown;
  readonly ConsecutiveBreaker: new (failures: number) => unknown;
}

/** The part of opossum that is used here. */
type Opossum = new (
  action: (run: () => Promise<void>) => Promise<void>,
  options: object,
) => { fire(run: () => Promise<void>): Promise<void>; shutdown(): void };

function load<T>(name: string): T {
  return createRequire(import.meta.url)(name) as T;
}

/**
 * Both guard a promise. It settles at first content: that is the verdict that hurts them least, for a stream lasts longer than either
 * waits before it tries again. What dies later is the caller's to see, and theirs not to know.
 */
function promised(start: (run: () => Promise<void>, signal: AbortSignal) => Promise<void>, { provider, fallback }: Surroundings): Caller {
  return {
    call(consumer) {
      const controller = new AbortController();
      let abandon = () => {};
      let isOver = false;
      const end = (outcome: Outcome, reason: string): void => {
        if (isOver) return;
        isOver = true;
        consumer.end(outcome, reason);
      };
      const run = (): Promise<void> =>
        new Promise((resolve, reject) => {
          let hasContent = false;
          abandon = provider.request({
            head: () => {},
            content: () => {
              if (hasContent) return;
              hasContent = true;
              consumer.content();
              resolve();
            },
            finish: () => end('served', ''),
            cut: () => end('failed', 'cut'),
            refuse: () => reject(new Failure(false)),
          });
          const callOff = abandon;
          abandon = () => {
            callOff();
            // What a caller gives up rejects, as an aborted fetch does.
            reject(new Failure(false));
          };
        });
      start(run, controller.signal).catch((error: Error) => {
        if (isOver) return;
        const outcome = error instanceof Failure ? 'failed' : 'refused';
        if (fallback) abandon = consume(concat(of('other' as const), bare(fallback)), { content: () => consumer.content(), end });
        else end(outcome, error.constructor.name);
      });
      return () => {
        isOver = true;
        controller.abort();
        abandon();
      };
    },
  };
}

/** As its README shows it: three retries with exponential backoff, around a breaker that five failures in a row open for ten seconds. */
function cockatiel({ handleWhen, retry, circuitBreaker, wrap, ExponentialBackoff, ConsecutiveBreaker }: Cockatiel) {
  return (surroundings: Surroundings): Caller => {
    const failures = handleWhen((error) => error instanceof Failure);
    const policy = wrap(
      retry(failures, { maxAttempts: 3, backoff: new ExponentialBackoff() }),
      circuitBreaker(failures, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) }),
    );
    return promised((run, signal) => policy.execute(run, signal), surroundings);
  };
}

/** With its defaults: half of ten seconds' calls, open for thirty seconds. Without its timeout, which would end every long stream. */
function opossum(Breaker: Opossum) {
  return (surroundings: Surroundings): Caller => {
    const breaker = new Breaker((run) => run(), { timeout: false });
    return promised((run) => breaker.fire(run), surroundings);
  };
}
