import fc from 'fast-check';
import { asyncScheduler, Observable, Subject, type Subscription, takeUntil } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { errorCategories } from '../../src/core/error-category.ts';
import {
  type BackoffConfig,
  bulkhead,
  type CircuitBreakerConfig,
  type CircuitBreakers,
  createBulkhead,
  createCircuitBreakers,
  createClient,
  createCooldowns,
  createRateLimiter,
  createRetryBudget,
  type ErrorCategory,
  isProviderError,
  type Provider,
  type ProviderError,
  type ProviderEvent,
  type StreamEvent,
  type StreamTimeoutConfig,
} from '../../src/index.ts';
import { failure, fakeProvider, finish, reasoning, start, text, toolCall } from '../../src/testing/index.ts';
import { holds, numRuns, same, timeout } from './runs.ts';
import { inVirtualTime, type VirtualTime, watch } from './virtual-time.ts';

/** What an attempt says, and when: milliseconds after what came before, 0 for at once. */
interface Step {
  readonly wait: number;
  readonly says: 'text' | 'reasoning' | 'head' | 'usage' | 'limits' | 'tool';
}

/** How it ends: honestly, cut short, in silence for ever, or in a failure. */
interface End {
  readonly wait: number;
  readonly by: 'finish' | 'finish and linger' | 'cut' | 'silence' | 'throw' | ErrorCategory;
  readonly retryAfterMs: number | undefined;
}

interface Plan {
  readonly steps: readonly Step[];
  readonly end: End;
}

/** What one caller does. */
interface Caller {
  readonly at: number;
  /** Unsubscribes after so long, or inside of the so-manieth value. */
  readonly leavesAfter: number | undefined;
  readonly leavesAtValue: number | undefined;
  readonly abortsAfter: number | undefined;
  readonly throwsAtValue: number | undefined;
  readonly tenant: string | undefined;
  readonly hasId: boolean;
}

interface World {
  readonly plans: readonly [readonly Plan[], readonly Plan[]];
  readonly callers: readonly Caller[];
  readonly retry: BackoffConfig;
  readonly deadlines: StreamTimeoutConfig;
  readonly maxRequests: number;
  readonly breaker: CircuitBreakerConfig;
  readonly tokens: number;
  readonly fallback: { readonly afterContent: boolean } | undefined;
  readonly hedgeAfter: number | undefined;
  readonly requestsPerMinute: number | undefined;
  readonly places: { readonly maxConcurrent: number; readonly maxQueue: number } | undefined;
  readonly isWatched: boolean;
}

const wait = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.constantFrom(1, 7, 49, 50, 51, 250, 999) },
  { weight: 2, arbitrary: fc.constantFrom(3_000, 5_000, 20_000, 70_000) },
);

const faults = (Object.keys(errorCategories) as ErrorCategory[]).filter((category) => errorCategories[category].side !== 'local');

const step: fc.Arbitrary<Step> = fc.record({
  wait,
  says: fc.oneof({ weight: 6, arbitrary: fc.constant('text' as const) }, fc.constantFrom('reasoning', 'head', 'usage', 'limits', 'tool')),
});

const end: fc.Arbitrary<End> = fc.record({
  wait,
  by: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('finish' as const, 'finish and linger' as const) },
    { weight: 3, arbitrary: fc.constantFrom('cut' as const, 'silence' as const, 'throw' as const) },
    { weight: 3, arbitrary: fc.constantFrom<ErrorCategory>(...faults) },
    { weight: 4, arbitrary: fc.constantFrom<ErrorCategory>('overloaded', 'rate-limit', 'server-error', 'network') },
  ),
  retryAfterMs: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.constantFrom(0, 1, 900, 4_000, 30_000, 130_000, 1e12)),
});

const plan: fc.Arbitrary<Plan> = fc.record({
  steps: fc.oneof(
    { weight: 4, arbitrary: fc.constant<Step[]>([]) },
    { weight: 8, arbitrary: fc.array(step, { maxLength: 5, size: 'max' }) },
    // A burst: more than the preamble holds, all at once.
    {
      weight: 1,
      arbitrary: fc.constantFrom<Step['says']>('text', 'usage').map((says) => Array.from({ length: 70 }, () => ({ wait: 0, says }))),
    },
  ),
  end,
});

const mostly = <T>(value: T, others: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: others });
const seldom = <T>(others: fc.Arbitrary<T>) => mostly<T | undefined>(undefined, others);
const deadline = fc.constantFrom(undefined, 40, 1_000, 4_000, 30_000, Number.POSITIVE_INFINITY);

const caller: fc.Arbitrary<Caller> = fc.record({
  at: fc.constantFrom(0, 0, 10, 700, 6_000, 90_000),
  leavesAfter: seldom(wait),
  leavesAtValue: seldom(fc.nat(6)),
  abortsAfter: seldom(wait),
  throwsAtValue: seldom(fc.nat(3)),
  tenant: fc.constantFrom(undefined, 'a', 'b'),
  hasId: fc.boolean(),
});

const world: fc.Arbitrary<World> = fc.record({
  plans: fc.tuple(fc.array(plan, { minLength: 1, maxLength: 6 }), fc.array(plan, { minLength: 1, maxLength: 3 })),
  callers: fc.array(caller, { minLength: 1, maxLength: 4 }),
  retry: fc.record(
    {
      maxAttempts: fc.integer({ min: 1, max: 6 }),
      initialDelay: fc.constantFrom(0, 1, 100, 1_000),
      factor: fc.constantFrom(1, 2, 10),
      maxDelay: fc.constantFrom(0, 500, 20_000),
      maxTotalDelay: fc.constantFrom(0, 2_000, 300_000),
      maxRetryAfter: fc.constantFrom(0, 1_000, 120_000),
      jitter: fc.constantFrom('none', 'full', 'equal', 'proportional', 'decorrelated'),
    },
    { requiredKeys: [] },
  ),
  deadlines: fc.record({ headers: deadline, firstContent: deadline, idle: deadline, total: deadline }),
  maxRequests: fc.constantFrom(1, 2, 8, 8),
  breaker: fc.record({
    consecutiveFailures: fc.constantFrom(1, 2, 5),
    minOutcomes: fc.constantFrom(2, 20),
    openFor: fc.constantFrom(100, 5_000),
    openOnSlow: fc.boolean(),
    slowAfter: fc.constantFrom(100, 15_000),
    probeTimeout: fc.constantFrom(1_000, 160_000),
  }),
  tokens: fc.constantFrom(0, 1, 10),
  fallback: fc.option(fc.record({ afterContent: fc.boolean() }), { nil: undefined }),
  hedgeAfter: seldom(fc.constantFrom(0, 30, 4_000)),
  requestsPerMinute: seldom(fc.constantFrom(1, 20)),
  places: seldom(fc.record({ maxConcurrent: fc.constantFrom(1, 2), maxQueue: fc.nat(2) })),
  isWatched: fc.boolean(),
});

/** Of the first target and of the second. */
const names = ['first', 'second'] as const;
/** Longer than anything in a world. */
const forever = 1e9;

/** The text of one attempt names the attempt and the place, so that nothing can be mistaken for anything else. */
const piece = (name: string, attempt: number, index: number): string => `${name}/${attempt}/${index};`;

/** What is counted over a whole property: one that never gets anywhere proves nothing. */
type Reached = Map<string, number>;

class Run {
  /** Requests by provider and caller, and the streams that are open. */
  readonly requests: { readonly name: string; readonly caller: number; readonly answer: number }[] = [];
  readonly admitted: string[] = [];
  open = 0;
  readonly world: World;
  readonly time: VirtualTime;
  readonly reached: Reached;
  readonly breakers: CircuitBreakers;
  readonly cooldowns = createCooldowns();
  readonly budget;
  readonly limiter;
  readonly places;
  readonly client;
  readonly calls: Call[];
  readonly moments = new Map<string, string[]>();

  constructor(world: World, time: VirtualTime, reached: Reached) {
    this.world = world;
    this.time = time;
    this.reached = reached;
    this.breakers = this.#watchedBreakers();
    this.budget = createRetryBudget({ tokens: world.tokens, share: 0, tenantTokens: world.tokens });
    this.limiter = world.requestsPerMinute === undefined ? undefined : createRateLimiter({ requestsPerMinute: world.requestsPerMinute });
    this.places = world.places && createBulkhead(world.places);
    const [first, second] = names.map((name, index) => this.#provider(name, world.plans[index] ?? [])) as [
      Provider<never>,
      Provider<never>,
    ];
    const { retry, deadlines, maxRequests, fallback, hedgeAfter } = world;
    this.client = createClient({
      provider: first,
      retry,
      timeout: deadlines,
      maxRequests,
      breakers: this.breakers,
      cooldowns: this.cooldowns,
      budget: this.budget,
      rateLimit: this.limiter,
      fallback: fallback && [{ provider: second, model: 'm', ...fallback }],
      hedge: hedgeAfter === undefined ? undefined : { after: hedgeAfter, allowTools: true },
    });
    if (world.isWatched) {
      this.client.lifecycle$.subscribe((moment) => {
        this.reach(moment.type);
        if (moment.type === 'breaker') return;
        const told = this.moments.get(moment.requestId) ?? [];
        if (moment.type === 'finish' || moment.type === 'error' || moment.type === 'cancel') told.push(moment.type);
        this.moments.set(moment.requestId, told);
      });
    }
    this.calls = world.callers.map((one, index) => new Call(this, one, index));
  }

  reach(what: string): void {
    this.reached.set(what, (this.reached.get(what) ?? 0) + 1);
  }

  /** "May I call?" agrees with what the call then does. */
  #watchedBreakers(): CircuitBreakers {
    const registry = createCircuitBreakers({ ...this.world.breaker, random: () => 0.5 });
    const get: CircuitBreakers['get'] = (provider, model) => {
      const breaker = registry.get(provider, model);
      return {
        ...breaker,
        acquire: () => {
          const mayCall = breaker.retryAfter() === 0;
          const admission = breaker.acquire();
          same('permit' in admission, mayCall, 'may I call?');
          if ('permit' in admission) this.admitted.push(provider);
          return admission;
        },
      };
    };
    return { ...registry, get };
  }

  #provider(name: string, plans: readonly Plan[]): Provider<never> {
    const { callers, maxRequests } = this.world;
    // More answers than can be asked for.
    const all = Array.from({ length: callers.length * maxRequests }, (_, attempt) => this.#answer(name, attempt, plans));
    const fake = fakeProvider<never>(...all);
    return {
      ...fake,
      name,
      request: (request, context) => {
        this.requests.push({ name, caller: Number(request.messages[0]?.content), answer: fake.requests.length });
        return fake.request(request, context);
      },
    };
  }

  #answer(name: string, attempt: number, plans: readonly Plan[]): Observable<ProviderEvent | ProviderError> {
    const { steps, end: last } = plans[attempt % plans.length] as Plan;
    return new Observable((subscriber) => {
      this.open++;
      subscriber.add(() => this.open--);
      let index = 0;
      let pieces = 0;
      const say = ({ says }: Step): void => {
        if (says === 'text') subscriber.next(text(piece(name, attempt, pieces++)));
        else if (says === 'reasoning') subscriber.next(reasoning(`${name} ${attempt}`));
        else if (says === 'tool') subscriber.next(toolCall('tool', {}, `${name} ${attempt}`));
        else if (says === 'head') subscriber.next(start());
        else if (says === 'usage')
          subscriber.next({ type: 'usage', usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false } });
        else subscriber.next({ type: 'rate-limits', limits: [{ kind: 'requests', limit: 9, remaining: index % 2, resetMs: 2_000 }] });
      };
      const leave = (): void => {
        const { by, retryAfterMs } = last;
        if (by === 'finish' || by === 'finish and linger') {
          subscriber.next(finish());
          // A server that says more after the end, and does not hang up.
          subscriber.next(text('never seen'));
          if (by === 'finish') subscriber.complete();
        } else if (by === 'cut') subscriber.complete();
        else if (by === 'throw') subscriber.error(new TypeError('fetch failed'));
        else if (by !== 'silence') subscriber.next(failure(by, { retryAfterMs }));
      };
      const go = (): void => {
        while (!subscriber.closed) {
          const next = steps[index];
          const due = next ?? last;
          const act = (): void => {
            index++;
            if (next) say(next);
            else leave();
          };
          if (due.wait > 0) {
            subscriber.add(
              asyncScheduler.schedule(() => {
                act();
                if (next) go();
              }, due.wait),
            );
            return;
          }
          act();
          if (!next) return;
        }
      };
      go();
    });
  }

  check(): void {
    const { time, world } = this;
    time.advance(forever);
    for (const call of this.calls) call.hangUp();
    // What an observer has thrown meanwhile is reported in a turn of its own.
    time.advance(0);
    // P3, P9: nothing is left, of whatever.
    same(time.pending, 0, 'pending timers');
    same(this.open, 0, 'open streams');
    for (const { pending, provider } of this.breakers.snapshots()) same(pending, 0, `permits of ${provider}`);
    for (const name of names) same(this.cooldowns.get(name, 'm').waiting, 0, `waiting for ${name}`);
    same(this.limiter?.waiting ?? 0, 0, 'waiting for the limiter');
    same(this.places?.active ?? 0, 0, 'places taken');
    same(this.places?.waiting ?? 0, 0, 'waiting for a place');
    same(this.admitted.length, this.requests.length, 'a permit is a request');
    for (const call of this.calls) call.check();
    // Amplification is bounded by the budget.
    for (const name of names) {
      const made = this.requests.filter((request) => request.name === name);
      const firsts = new Set(made.map(({ caller: one }) => one)).size;
      const plans = world.plans[names.indexOf(name)] ?? [];
      const free = made.filter(({ answer }) => plans[answer % plans.length]?.end.by === 'rate-limit').length;
      const paid = made.length - firsts - free;
      const whole = this.calls.filter(({ ends }) => ends[0] === 'complete').length;
      const lasted = Math.max(0, ...this.calls.map(({ endedAt }) => (endedAt === forever ? 0 : endedAt)));
      const most = world.tokens + 0.1 * whole + lasted / 10_000;
      holds(paid <= most + 1e-9, () => `${paid} retries and hedges of ${name}, though the budget was ${most}`);
    }
  }
}

class Call {
  readonly values: StreamEvent[] = [];
  readonly ends: ('complete' | 'error')[] = [];
  error: unknown;
  endedAt = forever;
  retries: Extract<StreamEvent, { type: 'retry' }>[] = [];
  thrown = 0;
  #subscription: Subscription | undefined;
  readonly #left$ = new Subject<void>();
  #hasLeft = false;
  #begunAt = 0;
  readonly #run: Run;
  readonly #caller: Caller;
  readonly #index: number;
  readonly #stop = new AbortController();

  constructor(run: Run, one: Caller, index: number) {
    this.#run = run;
    this.#caller = one;
    this.#index = index;
    run.time.in(one.at, () => this.#begin());
  }

  get requestId(): string | undefined {
    return this.#caller.hasId ? `call-${this.#index}` : undefined;
  }

  #begin(): void {
    const { client, time, places } = this.#run;
    const { leavesAfter, abortsAfter, leavesAtValue, throwsAtValue, tenant } = this.#caller;
    this.#begunAt = time.now;
    const request = { model: 'm', messages: [{ role: 'user' as const, content: String(this.#index) }] };
    const signal = abortsAfter === undefined ? undefined : this.#stop.signal;
    const stream$ = client.stream(request, { requestId: this.requestId, signal, tenant });
    if (abortsAfter !== undefined) time.in(abortsAfter, () => this.#stop.abort());
    if (leavesAfter !== undefined) {
      time.in(leavesAfter, () => {
        this.#leave();
        if (this.#run.calls.length === 1) same(this.#run.open, 0, 'streams open after their only reader has left');
      });
    }
    const placed$ = places ? stream$.pipe(bulkhead(places)) : stream$;
    // While the source is still emitting synchronously nobody has its subscription yet.
    const subscription = (leavesAtValue === undefined ? placed$ : placed$.pipe(takeUntil(this.#left$))).subscribe({
      next: (value) => {
        this.#expectLife(`next(${value.type})`);
        this.values.push(value);
        const index = this.values.length - 1;
        if (value.type === 'retry') this.retries.push(value);
        if (index === leavesAtValue) this.#leave();
        if (index === throwsAtValue) {
          this.thrown++;
          throw new Error('the consumer’s own');
        }
      },
      error: (error) => this.#end('error', error),
      complete: () => this.#hasLeft || this.#end('complete'),
    });
    this.#subscription = subscription;
  }

  #expectLife(what: string): void {
    holds(!this.#hasLeft, () => `${what} after unsubscribing`);
    holds(this.ends.length === 0, () => `${what} after the end`);
  }

  #end(how: 'complete' | 'error', error?: unknown): void {
    this.#expectLife(how);
    this.ends.push(how);
    this.error = error;
    this.endedAt = this.#run.time.now;
  }

  #leave(): void {
    if (this.ends.length > 0 || this.#hasLeft) return;
    this.#hasLeft = true;
    this.endedAt = this.#run.time.now;
    this.#left$.next();
    this.#subscription?.unsubscribe();
  }

  /** Of those that may never end. */
  hangUp(): void {
    if (this.ends.length > 0 || this.#hasLeft) return;
    const { headers = 30_000, firstContent = 120_000, idle = 60_000, total = 600_000 } = this.#run.world.deadlines;
    holds(Math.max(headers, firstContent, idle) === Number.POSITIVE_INFINITY && total === Number.POSITIVE_INFINITY, () => 'it hangs');
    this.#run.reach('hangs');
    this.#leave();
  }

  check(): void {
    const { values, ends, retries, error } = this;
    const { world, requests, places } = this.#run;
    const mine = requests.filter(({ caller: one }) => one === this.#index);
    const types = values.map(({ type }) => type);
    const count = (type: string) => types.filter((each) => each === type).length;
    this.#run.reach(ends[0] ?? 'left');
    if (count('restart') > 0) this.#run.reach('restart');
    if (retries.length > 0) this.#run.reach('retried');

    // One end, and none for who has left.
    same(ends.length, this.#hasLeft ? 0 : 1, 'ends');
    // P2: complete is what the provider has called finished.
    holds(count('start') <= 1 && count('finish') <= 1, () => `one start and one finish: ${types}`);
    if (ends[0] === 'complete') same(types.at(-1), 'finish', 'the last value before completion');
    if (count('finish') > 0) same(types.at(-1), 'finish', 'the last value');
    holds(ends[0] !== 'error' || count('finish') === 0, () => 'an error after the end');
    const begin = types.findIndex((type) => type !== 'retry');
    holds(begin === -1 || types[begin] === 'start', () => `start comes first: ${types}`);

    // P1: what was said since the last restart is what one attempt said.
    const restart = types.lastIndexOf('restart');
    const said = values.slice(restart + 1).filter((value) => value.type === 'text-delta');
    const [name, attempt] = said[0]?.text.split('/') ?? [];
    said.forEach((value, index) => {
      same(value.text, piece(name ?? '', Number(attempt), index), 'text');
    });
    if (ends[0] === 'complete' && name !== undefined) {
      const plans = world.plans[names.indexOf(name as 'first')] ?? [];
      const { steps } = plans[Number(attempt) % plans.length] as Plan;
      same(said.length, steps.filter(({ says }) => says === 'text').length, 'pieces of a whole answer');
    }

    // P6: bounded effort.
    const targets = world.fallback ? 2 : 1;
    const { maxAttempts = 3, maxTotalDelay = 300_000 } = world.retry;
    holds(mine.length <= world.maxRequests, () => `${mine.length} requests`);
    holds(mine.length <= maxAttempts * targets * (world.hedgeAfter === undefined ? 1 : 2), () => `${mine.length} attempts`);
    for (const target of names) {
      const waits = retries.filter((retry) => retry.error.provider === target).reduce((sum, { delayMs }) => sum + delayMs, 0);
      holds(waits <= maxTotalDelay, () => `waited for ${waits} ms`);
    }
    for (const retry of retries) this.#checkDelay(retry);
    const { total = 600_000 } = world.deadlines;
    if (!places) holds(this.endedAt - this.#begunAt <= total || this.endedAt === forever, () => `took ${this.endedAt - this.#begunAt} ms`);

    if (ends[0] === 'error') this.#checkError(error, mine.length, said.map((value) => value.text).join(''));
    if (world.isWatched && this.requestId && mine.length > 0) {
      same(this.#run.moments.get(this.requestId)?.length, 1, `ends told of ${this.#run.moments.get(this.requestId)}`);
    }
  }

  #checkDelay({ delayMs, error, requestId }: Extract<StreamEvent, { type: 'retry' }>): void {
    const { initialDelay = 1_000, maxDelay = 20_000, maxRetryAfter = 120_000 } = this.#run.world.retry;
    const { retryAfterMs = 0 } = error;
    const floor = retryAfterMs > 0 || error.retryAfterMs === 0 ? retryAfterMs : Math.min(50, initialDelay, maxDelay);
    const most = Math.max(maxDelay, 50, retryAfterMs + Math.min(retryAfterMs / 10, 10_000));
    holds(delayMs >= floor && delayMs <= Math.ceil(most), () => `a delay of ${delayMs} ms`);
    holds(retryAfterMs <= maxRetryAfter, () => `waited for ${retryAfterMs} ms`);
    holds(error.retryable && error.phase !== 'streaming', () => `retried ${error.message} in ${error.phase}`);
    if (this.requestId) same(requestId, this.requestId, 'request id of a retry');
  }

  #checkError(error: unknown, requests: number, said: string): void {
    if (!isProviderError(error)) throw new Error(`not a ProviderError: ${error}`);
    this.#run.reach(error.category);
    // Refused before the client was asked.
    if (requests === 0 && this.#run.places && error.category === 'limit-exceeded' && error.requestId === '') return;
    if (this.requestId) same(error.requestId, this.requestId, 'request id of the error');
    else holds(error.requestId.startsWith('req_'), () => `request id ${error.requestId}`);
    if (this.#run.world.hedgeAfter === undefined) same(error.attempts.length, requests, `the ledger of ${error.message}`);
    else holds(error.attempts.length <= requests, () => `the ledger of ${error.message}`);
    same(error.partial?.text ?? '', said, 'partial');
    holds(errorCategories[error.category] !== undefined, () => error.category);
  }
}

describe('the pipeline of a client', () => {
  const { unhandled, expectNoRealTimers } = watch();

  it('keeps its promises, whatever its providers and its callers do', { timeout }, () => {
    const reached: Reached = new Map();
    fc.assert(
      fc.property(world, (each) => {
        unhandled.length = 0;
        inVirtualTime((time) => {
          const run = new Run(each, time, reached);
          run.check();
          // P11: a throwing observer is reported once, and nothing else is.
          same(
            unhandled.length,
            run.calls.reduce((sum, { thrown }) => sum + thrown, 0),
            `unhandled: ${unhandled}`,
          );
        });
      }),
      { numRuns },
    );
    expectNoRealTimers();
    // The worlds are worth nothing if they never come this far.
    if (numRuns >= 2_000) expect([...reached.keys()]).toEqual(expect.arrayContaining(everything));
  });
});

const everything = [
  'complete',
  'error',
  'left',
  'hangs',
  'restart',
  'retried',
  'cooldown',
  'fallback',
  'breaker',
  'cancel',
  'circuit-open',
  'limit-exceeded',
  'timeout',
  'cancelled',
  'interrupted',
];
