import { NEVER, of, take } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createRateLimiter, rateLimit } from '../../src/index.ts';
import { categoryOf, firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers } = watchTimersAndErrors();

describe('createRateLimiter', () => {
  it.each([
    [{ requestsPerMinute: 0 }, 'requestsPerMinute'],
    [{ requestsPerMinute: 2.5 }, 'requestsPerMinute'],
    [{ tokensPerMinute: -1 }, 'tokensPerMinute'],
    [{ maxQueue: -1 }, 'maxQueue'],
    [{ perSecond: 5 }, 'perSecond'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => createRateLimiter(config as never)).toThrow(TypeError);
    expect(() => createRateLimiter(config as never)).toThrow(`createRateLimiter: ${field}`);
  });

  it('takes Infinity for no limit, as it does everywhere', () => {
    expect(() => createRateLimiter({ requestsPerMinute: Number.POSITIVE_INFINITY })).not.toThrow();
  });
});

describe('rateLimit', () => {
  it('throws a TypeError for what is no limiter', () => {
    expect(() => rateLimit({ requestsPerMinute: 5 } as never)).toThrow(TypeError);
    expect(() => rateLimit({ requestsPerMinute: 5 } as never)).toThrow('createRateLimiter()');
  });

  it.each([
    [{ tokens: -1 }, 'tokens'],
    [{ tokens: 1.5 }, 'tokens'],
    [{ cost: 5 }, 'cost'],
  ])('throws a TypeError for %j', (config, field) => {
    const limiter = createRateLimiter();
    expect(() => rateLimit(limiter, config as never)).toThrow(`rateLimit: ${field}`);
  });

  it('limits nothing by default', () => {
    const limiter = createRateLimiter();
    const source = new Tap(of(1));
    for (let count = 0; count < 1_000; count++) listen(source.stream.pipe(rateLimit(limiter, { tokens: 1_000_000 })));
    expect(source.subscribed).toBe(1_000);
    expect(timers()).toBe(0);
  });

  it('lets a minute’s worth go, and then one after the other, evenly', () => {
    const limiter = createRateLimiter({ requestsPerMinute: 60 });
    const source = new Tap(of(1));
    for (let count = 0; count < 70; count++) listen(source.stream.pipe(rateLimit(limiter)));
    expect(source.subscribed).toBe(60);
    expect(limiter.waiting).toBe(10);
    for (let second = 1; second <= 10; second++) {
      vi.advanceTimersByTime(1_000);
      expect(source.subscribed).toBe(60 + second);
    }
    expect(timers()).toBe(0);
  });

  it('never allows more than twice a minute’s worth in any minute, and never idles while somebody may go', () => {
    const limiter = createRateLimiter({ requestsPerMinute: 30, maxQueue: Number.POSITIVE_INFINITY });
    const source = new Tap(of(1));
    for (let count = 0; count < 300; count++) listen(source.stream.pipe(rateLimit(limiter)));
    vi.advanceTimersByTime(60_000);
    expect(source.subscribed).toBe(60);
    vi.advanceTimersByTime(8 * 60_000 + 1_000);
    expect(source.subscribed).toBe(300);
  });

  it('waits for both buckets', () => {
    const limiter = createRateLimiter({ requestsPerMinute: 60, tokensPerMinute: 600 });
    const source = new Tap(of(1));
    listen(source.stream.pipe(rateLimit(limiter, { tokens: 600 })));
    listen(source.stream.pipe(rateLimit(limiter, { tokens: 100 })));
    vi.advanceTimersByTime(9_999);
    expect(source.subscribed).toBe(1);
    vi.advanceTimersByTime(1);
    expect(source.subscribed).toBe(2);
  });

  it('lets nobody overtake one that needs much', () => {
    const limiter = createRateLimiter({ tokensPerMinute: 600 });
    const order: string[] = [];
    const run = (name: string, tokens: number) =>
      listen(of(name).pipe(rateLimit(limiter, { tokens })), { next: (value) => order.push(value) });
    run('first', 600);
    run('large', 500);
    run('small', 1);
    vi.advanceTimersByTime(10_000);
    expect(order).toEqual(['first']);
    vi.advanceTimersByTime(60_000);
    expect(order).toEqual(['first', 'large', 'small']);
  });

  it('leaves no timer when everybody has left, and charges none of them', () => {
    const limiter = createRateLimiter({ requestsPerMinute: 1 });
    listen(of(1).pipe(rateLimit(limiter)));
    const told = [1, 2, 3].map(() => listen(NEVER.pipe(rateLimit(limiter))));
    expect(timers()).toBe(1);
    for (const { subscription } of told) subscription.unsubscribe();
    expect(timers()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(listen(of(1).pipe(rateLimit(limiter))).ends).toBe(1);
  });

  it('refuses what a minute never allows, also in an empty line, and holds nobody back by it', () => {
    const limiter = createRateLimiter({ tokensPerMinute: 100 });
    const told = listen(of(1).pipe(rateLimit(limiter, { tokens: 101 })));
    expect(categoryOf(told)).toBe('limit-exceeded');
    expect(listen(of(1).pipe(rateLimit(limiter, { tokens: 100 }))).values).toEqual([1]);
  });

  it('stops a synchronous source that goes within `subscribe`', () => {
    const source = firehose((index) => index);
    listen(source.stream.pipe(rateLimit(createRateLimiter({ requestsPerMinute: 1 })), take(2)));
    expect(source.emitted).toBeLessThanOrEqual(2);
    expect(source.running).toBe(0);
  });

  it('makes nobody wait for a rounding error', () => {
    const limiter = createRateLimiter({ requestsPerMinute: 2 });
    const source = new Tap(of(1));
    const subscribe = () => listen(source.stream.pipe(rateLimit(limiter)));
    subscribe();
    vi.advanceTimersByTime(10_000);
    subscribe();
    vi.advanceTimersByTime(10_000);
    subscribe();
    vi.advanceTimersByTime(10_000);
    subscribe();
    vi.advanceTimersByTime(30_000);
    expect(source.subscribed).toBe(4);
  });

  it('does not go back with a wall clock that does', () => {
    const limiter = createRateLimiter({ requestsPerMinute: 60 });
    const source = new Tap(of(1));
    for (let count = 0; count < 61; count++) listen(source.stream.pipe(rateLimit(limiter)));
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(2_000);
    expect(source.subscribed).toBe(61);
  });
});
