import { concat, defer, NEVER, of, retry, throwError, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { backoff, createClient, createRetryBudget, fundRetries, type ProviderError, type StreamRequest } from '../../src/index.ts';
import { failure, fakeProvider, finish, text } from '../../src/testing/index.ts';
import { listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();
const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };
const provider = 'p';
const still = { refillEvery: Number.POSITIVE_INFINITY, tenantRefillEvery: Number.POSITIVE_INFINITY };

describe('createRetryBudget', () => {
  it.each([
    [{ tokens: -1 }, 'tokens'],
    [{ tokens: Number.NaN }, 'tokens'],
    [{ share: 2 }, 'share'],
    [{ credit: -0.1 }, 'credit'],
    [{ refillEvery: 0 }, 'refillEvery'],
    [{ tenantTokens: 'three' }, 'tenantTokens'],
    [{ tenantRefillEvery: -5 }, 'tenantRefillEvery'],
    [{ maxKeys: 0 }, 'maxKeys'],
    [{ capacity: 5 }, 'capacity'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => createRetryBudget(config as never)).toThrow(TypeError);
    expect(() => createRetryBudget(config as never)).toThrow(`createRetryBudget: ${field}`);
  });

  it('has ten tokens a provider and three a tenant, and one more each 10 s and 30 s', () => {
    const budget = createRetryBudget();
    const key = { provider, tenant: 't' };
    expect(budget.remaining(key)).toEqual({ provider: 10, tenant: 3 });
    for (let count = 0; count < 3; count++) expect(budget.take(key)).toBe(true);
    expect(budget.take(key)).toBe(false);
    expect(budget.remaining(key), 'refused, nothing is charged').toEqual({ provider: 7, tenant: 0 });
    vi.advanceTimersByTime(30_000);
    expect(budget.remaining(key)).toEqual({ provider: 10, tenant: 1 });
    expect(timers(), 'it has no timer').toBe(0);
  });

  it('lets one bad tenant spend its own, and no more of the provider’s', () => {
    const budget = createRetryBudget(still);
    for (let count = 0; count < 100; count++) budget.take({ provider, tenant: 'bad' });
    expect(budget.remaining({ provider }).provider).toBe(7);
    expect(budget.take({ provider, tenant: 'good' })).toBe(true);
  });

  it('grows with the traffic of the last ten seconds: a tenth of the calls', () => {
    const budget = createRetryBudget({ ...still, credit: 1 });
    for (let count = 0; count < 500; count++) {
      budget.called({ provider });
      budget.credit({ provider });
    }
    expect(budget.remaining({ provider }).provider).toBe(50);
    vi.advanceTimersByTime(20_000);
    expect(budget.remaining({ provider }).provider).toBe(10);
  });

  it('does not refill an account by forgetting it', () => {
    const budget = createRetryBudget({ ...still, maxKeys: 2, tenantTokens: 1 });
    expect(budget.take({ provider, tenant: 'spent' })).toBe(true);
    for (let count = 0; count < 1_000; count++) budget.remaining({ provider, tenant: `t${count}` });
    expect(budget.take({ provider, tenant: 'spent' })).toBe(false);
  });

  it('does not go back with a wall clock that does', () => {
    const budget = createRetryBudget({ tokens: 1, refillEvery: 1_000 });
    expect(budget.take({ provider })).toBe(true);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(budget.remaining({ provider }).provider).toBeGreaterThanOrEqual(0);
    vi.advanceTimersByTime(1_000);
    expect(budget.take({ provider })).toBe(true);
  });
});

describe('backoff with a budget', () => {
  it('takes a token for each retry, and none for the first attempt', () => {
    const budget = createRetryBudget({ ...still, tokens: 5 });
    listen(throwError(() => failure('network', { provider })).pipe(retry(backoff({ budget, maxAttempts: 3 }))));
    vi.advanceTimersByTime(60_000);
    expect(budget.remaining({ provider }).provider).toBe(3);
  });

  it('rty-22: retries are bounded by the budget, not by attempts times clients', () => {
    const budget = createRetryBudget({ ...still, tokens: 10 });
    const source = new Tap(throwError(() => failure('server-error', { provider })));
    const told = Array.from({ length: 100 }, () => listen(source.stream.pipe(retry(backoff({ budget, maxAttempts: 3 })))));
    vi.advanceTimersByTime(600_000);
    expect(source.subscribed).toBe(110);
    expect(told.every(({ ends }) => ends === 1)).toBe(true);
    expect(told.filter(({ error }) => (error as ProviderError).gaveUp === 'budget').length).toBeGreaterThanOrEqual(90);
  });

  it.each([{ budget: {} }, { budget: 5 }, { budget: null }])('throws a TypeError for %j', (policy) => {
    expect(() => backoff(policy as never)).toThrow('backoff: budget must be made with createRetryBudget()');
  });

  it('raises what a budget of somebody’s own throws', () => {
    const thrown = new Error('of the budget');
    const take = () => {
      throw thrown;
    };
    const budget = { ...createRetryBudget(), take };
    const told = listen(throwError(() => failure('network')).pipe(retry(backoff({ budget }))));
    expect(told.error).toBe(thrown);
    expect(unhandled).toEqual([]);
  });
});

describe('fundRetries', () => {
  it('is no step at all without a budget', () => {
    const source = of(1);
    expect(source.pipe(fundRetries(undefined, { provider }))).toBe(source);
  });

  it('gives back at the end, and at nothing else', () => {
    const budget = createRetryBudget({ ...still, tokens: 2, credit: 1 });
    budget.take({ provider });
    listen(NEVER.pipe(fundRetries(budget, { provider }))).subscription.unsubscribe();
    listen(throwError(() => 'x').pipe(fundRetries(budget, { provider })));
    expect(budget.remaining({ provider }).provider).toBe(1);
    listen(concat(of(1), timer(10)).pipe(fundRetries(budget, { provider })));
    expect(budget.remaining({ provider }).provider).toBe(1);
    vi.advanceTimersByTime(10);
    expect(budget.remaining({ provider }).provider).toBe(2);
  });

  it('tells of each subscription', () => {
    const budget = createRetryBudget({ ...still, tokens: 0, share: 1, credit: 1 });
    const stream = of(1).pipe(fundRetries(budget, { provider }));
    for (let count = 0; count < 5; count++) listen(stream);
    expect(budget.remaining({ provider }).provider).toBe(5);
  });
});

describe('the budget of a client', () => {
  const retried = { initialDelay: 1, jitter: 'none' } as const;

  it('is the client’s own unless it is given one, and shared by its calls', () => {
    const provider = fakeProvider(...Array.from({ length: 100 }, () => failure('network')));
    const client = createClient({ provider, retry: retried, fallback: [] });
    for (let call = 0; call < 20; call++) {
      listen(client.stream({ ...request, model: `m${call}` }));
      vi.advanceTimersByTime(10);
    }
    // Twenty calls, and ten retries.
    expect(provider.requests).toHaveLength(30);
  });

  it('a call’s tenant is charged', () => {
    const budget = createRetryBudget(still);
    const provider = fakeProvider(failure('network'), [text('Hello'), finish()]);
    const told = listen(createClient({ provider, budget, retry: retried }).stream(request, { tenant: 'acme' }));
    vi.advanceTimersByTime(1_000);
    expect(told.error).toBeUndefined();
    expect(budget.remaining({ provider: 'fake', tenant: 'acme' })).toEqual({ provider: 9.1, tenant: 2.1 });
  });

  it('rty-01: a call that succeeds at once is one request, and costs nothing', () => {
    const budget = createRetryBudget(still);
    const provider = fakeProvider([text('Hello'), finish()]);
    const told = listen(createClient({ provider, budget }).stream(request));
    vi.advanceTimersByTime(1_000);
    expect(told.ends).toBe(1);
    expect(provider.requests).toHaveLength(1);
    expect(budget.remaining({ provider: 'fake' }).provider).toBe(10);
    expect(timers()).toBe(0);
  });

  it('rty-02: a 429 and a 500, then success: three requests, one token', () => {
    const budget = createRetryBudget({ ...still, credit: 0 });
    const provider = fakeProvider(failure('rate-limit', { status: 429 }), failure('server-error', { status: 500 }), [
      text('Hello'),
      finish(),
    ]);
    const told = listen(createClient({ provider, budget, retry: { initialDelay: 100, maxDelay: 1_000, jitter: 'none' } }).stream(request));
    vi.advanceTimersByTime(10_000);
    expect(told.error).toBeUndefined();
    expect(told.values.filter(({ type }) => type === 'retry')).toHaveLength(2);
    expect(provider.requests).toHaveLength(3);
    expect(budget.remaining({ provider: 'fake' }).provider).toBe(9);
  });

  it('rty-08: while attempt n runs, n - 1 retries have been told, and nothing is left after the end', () => {
    const told: unknown[] = [];
    const counts: number[] = [];
    const answers = [failure('network'), failure('network'), [text('Hello'), finish()]] as const;
    let attempt = 0;
    const provider = fakeProvider(
      ...answers.map((answer) =>
        defer(() => {
          counts.push(told.length);
          attempt++;
          return Array.isArray(answer) ? of(...answer) : throwError(() => answer);
        }),
      ),
    );
    listen(createClient({ provider, retry: retried }).stream(request), {
      next: (event) => {
        if (event.type === 'retry') told.push(event);
      },
    });
    vi.advanceTimersByTime(10_000);
    expect(attempt).toBe(3);
    expect(counts).toEqual([0, 1, 2]);
    expect(timers()).toBe(0);
  });
});
