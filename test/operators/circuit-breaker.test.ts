import { concat, EMPTY, NEVER, of, retry, Subject, take, takeWhile, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  backoff,
  circuitBreaker,
  classifyErrors,
  createCircuitBreaker,
  createCircuitBreakers,
  createClient,
  type EventLike,
  isProviderError,
  type StreamRequest,
} from '../../src/index.ts';
import { failure, fakeProvider, finish, start, text } from '../../src/testing/index.ts';
import { categoryOf, countPermits, firehose, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { unhandled, timers } = watchTimersAndErrors();
const request: StreamRequest = { model: 'fake', messages: [{ role: 'user', content: 'Hello' }] };

describe('circuitBreaker', () => {
  it.each<[string, (source: Subject<EventLike>) => void]>([
    ['completes without content', (source) => source.complete()],
    ['fails without content', (source) => source.error(failure('network'))],
    ['fails without content, by the caller', (source) => source.error(failure('authentication'))],
    ['fails with what nobody knows', (source) => source.error('a string')],
    [
      'completes after content',
      (source) => {
        source.next(text('Hello'));
        source.next(finish());
        source.complete();
      },
    ],
    [
      'dies after content',
      (source) => {
        source.next(text('Hello'));
        source.error(failure('interrupted'));
      },
    ],
  ])('gives its permit back once when the source %s', (_case, play) => {
    const counts = countPermits(createCircuitBreaker());
    const source = new Subject<EventLike>();
    const told = listen(source.pipe(circuitBreaker(counts.breaker)));
    play(source);
    told.subscription.unsubscribe();
    expect(counts).toMatchObject({ acquired: 1, settled: 1 });
    expect(counts.breaker.snapshot().pending).toBe(0);
  });

  it.each([0, 1, 2])('gives its permit back when it is left after %i events', (count) => {
    const counts = countPermits(createCircuitBreaker());
    const source = new Subject<EventLike>();
    const told = listen(source.pipe(circuitBreaker(counts.breaker)));
    for (const event of [start(), text('Hello')].slice(0, count)) source.next(event);
    told.subscription.unsubscribe();
    told.subscription.unsubscribe();
    expect(counts).toMatchObject({ acquired: 1, settled: 1 });
    expect(counts.breaker.snapshot().pending).toBe(0);
  });

  it('gives its permit back when a firehose is left within a value', () => {
    const counts = countPermits(createCircuitBreaker());
    const source = firehose((index) => text(`${index}`));
    listen(source.stream.pipe(circuitBreaker(counts.breaker), take(2)));
    expect(counts).toMatchObject({ acquired: 1, settled: 1 });
    expect(source.running).toBe(0);
  });

  it('gives its permit back when `isContent` throws, and raises what it threw', () => {
    const counts = countPermits(createCircuitBreaker());
    const thrown = new Error('of the callback');
    const isContent = () => {
      throw thrown;
    };
    const told = listen(of(1).pipe(circuitBreaker(counts.breaker, { isContent })));
    expect(told.error).toBe(thrown);
    expect(counts).toMatchObject({ acquired: 1, settled: 1 });
    expect(unhandled).toEqual([]);
  });

  it('takes no permit for one it refuses, and does not subscribe', () => {
    const counts = countPermits(createCircuitBreaker());
    counts.breaker.isolate();
    const source = new Tap(of(1));
    const told = listen(source.stream.pipe(circuitBreaker(counts.breaker)));
    expect(categoryOf(told)).toBe('circuit-open');
    expect(told.error).toMatchObject({ phase: 'local', retryAfterMs: expect.any(Number), retryable: true });
    expect(source.subscribed).toBe(0);
    expect(counts).toMatchObject({ acquired: 0, settled: 0 });
  });

  it('takes a permit for each attempt of a retry', () => {
    const counts = countPermits(createCircuitBreaker());
    const source = throwError(() => failure('overloaded')).pipe(
      circuitBreaker(counts.breaker),
      retry(backoff({ maxAttempts: 3, initialDelay: 10, jitter: 'none' })),
    );
    listen(source);
    vi.runAllTimers();
    expect(counts).toMatchObject({ acquired: 3, settled: 3 });
  });

  it('may be subscribed to from within its own change of state', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1 });
    const again: unknown[] = [];
    const attempt = throwError(() => failure('server-error')).pipe(circuitBreaker(breaker));
    breaker.changes$.subscribe(({ to }) => {
      if (to === 'open') again.push(listen(attempt).error);
    });
    listen(attempt);
    expect(again).toHaveLength(1);
    expect(again[0]).toMatchObject({ category: 'circuit-open' });
    expect(breaker.snapshot().pending).toBe(0);
  });

  it('is not hurt by a listener to its state that throws', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1 });
    breaker.state$.subscribe((state) => {
      if (state === 'open') throw new Error('of the listener');
    });
    const told = listen(throwError(() => failure('server-error')).pipe(circuitBreaker(breaker)));
    expect(categoryOf(told)).toBe('server-error');
    vi.runAllTimers();
    expect(unhandled).toHaveLength(1);
    expect(breaker.state).toBe('open');
  });

  it('has no timer of its own', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1 });
    listen(throwError(() => failure('server-error')).pipe(circuitBreaker(breaker)));
    listen(NEVER.pipe(circuitBreaker(breaker)));
    expect(breaker.state).toBe('open');
    expect(timers()).toBe(0);
  });

  it('passes an unclassified error as it is, and counts it as what it is', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1 });
    const error = new TypeError('fetch failed');
    const told = listen(throwError(() => error).pipe(circuitBreaker(breaker)));
    expect(told.error).toBe(error);
    expect(breaker.state).toBe('open');
  });

  it('is not opened by a stream that is empty', () => {
    const breaker = createCircuitBreaker({ consecutiveFailures: 1 });
    listen(EMPTY.pipe(circuitBreaker(breaker)));
    expect(breaker.state).toBe('closed');
  });

  it('counts an answer as whole when its consumer leaves at the end of it, before the connection has ended', () => {
    const breakers = createCircuitBreakers();
    const whole = concat(of(text('Hello'), finish()), NEVER);
    const provider = fakeProvider(whole, [text('Hel'), failure('network')]);
    const client = createClient({ provider, breakers });
    listen(client.stream(request).pipe(takeWhile(({ type }) => type !== 'finish', true)));
    listen(client.stream(request));
    expect(breakers.get('fake', 'fake').snapshot().deathRatio).toBe(0.5);
  });

  it('says nothing of phases: that is the business of `classifyErrors`', () => {
    const told = listen(throwError(() => new TypeError('terminated')).pipe(classifyErrors(), circuitBreaker(createCircuitBreaker())));
    expect(isProviderError(told.error)).toBe(true);
  });
});

describe('createCircuitBreaker', () => {
  it.each([
    [{ failureRatio: 2 }, 'failureRatio'],
    [{ minOutcomes: 0 }, 'minOutcomes'],
    [{ openFor: -5 }, 'openFor'],
    [{ treshold: 5 }, 'treshold'],
    [{ shadow: 'yes' }, 'shadow'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => createCircuitBreaker(config as never)).toThrow(TypeError);
    expect(() => createCircuitBreaker(config as never)).toThrow(field);
    expect(() => createCircuitBreakers(config as never)).toThrow(field);
  });

  it('tells its state now and at each change', () => {
    const breaker = createCircuitBreaker();
    const told = listen(breaker.state$);
    breaker.isolate();
    breaker.reset();
    expect(told.values).toEqual(['closed', 'isolated', 'closed']);
  });
});

describe('createCircuitBreakers', () => {
  it('gives one breaker to each provider and model, always the same', () => {
    const breakers = createCircuitBreakers();
    expect(breakers.get('a', 'b')).toBe(breakers.get('a', 'b'));
    expect(breakers.get('a', 'b')).not.toBe(breakers.get('a', 'c'));
    expect(breakers.get('a","b', 'c')).not.toBe(breakers.get('a', 'b","c'));
  });

  it('forgets the one that was used least lately, but none that is open', () => {
    const breakers = createCircuitBreakers({ maxKeys: 2 });
    const open = breakers.get('p', 'open');
    open.isolate();
    const old = breakers.get('p', 'old');
    breakers.get('p', 'new');
    expect(breakers.get('p', 'open')).toBe(open);
    expect(breakers.get('p', 'old')).not.toBe(old);
  });

  it('says whose each change is', () => {
    const breakers = createCircuitBreakers();
    const told = listen(breakers.changes$);
    breakers.get('p', 'm').isolate();
    expect(told.values).toEqual([expect.objectContaining({ provider: 'p', model: 'm', to: 'isolated' })]);
  });
});
