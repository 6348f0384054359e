import {
  bufferTime,
  concat,
  concatMap,
  defer,
  delay,
  filter,
  finalize,
  from,
  merge,
  NEVER,
  of,
  share,
  take,
  throwError,
  timer,
} from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  type ClientConfig,
  createCircuitBreakers,
  createClient,
  type ProviderError,
  type ProviderEvent,
  type StreamEvent,
  type StreamOptions,
  textDeltas,
} from '../src/index.ts';
import { type FakeAttempt, failure, fakeProvider, finish, reasoning, start, text } from '../src/testing/index.ts';
import { listen, watchTimersAndErrors } from './operators/helpers.ts';

const { timers } = watchTimersAndErrors();
const request = { model: 'm', messages: [{ role: 'user', content: 'Tell me' }] } as const;
const silent = (...before: ProviderEvent[]) => concat(of(...before), NEVER);

function open(attempts: readonly FakeAttempt[], config: Partial<ClientConfig> = {}, options: StreamOptions = {}) {
  const provider = fakeProvider<never>(...attempts);
  const told = listen(createClient({ provider, ...config }).stream(request, options));
  return {
    provider,
    told,
    get texts() {
      return (told.values as StreamEvent[]).flatMap((event) => (event.type === 'text-delta' ? [event.text] : []));
    },
    get error() {
      return told.error as ProviderError | undefined;
    },
  };
}

describe('deadlines of a stream', () => {
  it('headers: a connection that is not answered is tried again, then the error says which deadline passed (str-02) (str-13)', () => {
    const run = open([NEVER, NEVER], { timeout: { headers: 100 }, retry: { maxAttempts: 2, initialDelay: 100, jitter: 'none' } });
    vi.advanceTimersByTime(299);
    expect(run.error).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(run.error).toMatchObject({ category: 'timeout', timeout: 'headers', gaveUp: 'attempts' });
    expect(run.error?.attempts).toHaveLength(2);
    expect(run.error?.message).toMatch(/timeout/);
  });

  it('idle: an answer that stops in its middle is a timeout, and its request is over (str-03)', () => {
    let isOpen = true;
    const run = open([silent(text('one')).pipe(finalize(() => (isOpen = false)))], { timeout: { idle: 100 } });
    vi.advanceTimersByTime(100);
    expect(run.texts).toEqual(['one']);
    expect(run.error).toMatchObject({ category: 'timeout', timeout: 'idle', phase: 'streaming', partial: { text: 'one' } });
    expect(isOpen).toBe(false);
    expect(timers()).toBe(0);
  });

  it('idle: a pause after content never has the beginning said again (str-14)', () => {
    const pausing = concat(of(text('a')), timer(200).pipe(concatMap(() => of(text('b'), finish()))));
    const run = open([pausing, [text('a'), finish()], [text('a'), finish()]], { timeout: { idle: 50 } });
    vi.advanceTimersByTime(60_000);
    expect(run.texts).toEqual(['a']);
    expect(run.provider.requests).toHaveLength(1);
    expect(run.error?.attempts).toHaveLength(1);
  });

  it('a server that only keeps the connection alive is bounded by first content, not by idle (str-15)', () => {
    const run = open([concat(of(start()), timer(10_000).pipe(concatMap(() => of(text('late'), finish()))))], { timeout: { idle: 1_000 } });
    vi.advanceTimersByTime(10_100);
    expect(run.texts).toEqual(['late']);
    const bounded = open([silent(start())], { timeout: { idle: 1_000, firstContent: 5_000 }, retry: { maxAttempts: 1 } });
    vi.advanceTimersByTime(5_000);
    expect(bounded.error).toMatchObject({ timeout: 'first-content' });
  });
});

describe('attempts of a stream', () => {
  it('wait for the first delay first, then for twice as long (str-08)', () => {
    const failing = [failure('network'), failure('network'), failure('network')];
    const run = open(failing, { retry: { maxAttempts: 3, initialDelay: 100, jitter: 'none' } });
    expect(run.provider.requests).toHaveLength(1);
    vi.advanceTimersByTime(100);
    expect(run.provider.requests).toHaveLength(2);
    vi.advanceTimersByTime(199);
    expect(run.provider.requests).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(run.error).toMatchObject({ category: 'network', gaveUp: 'attempts', attempts: [{ delayMs: 100 }, { delayMs: 200 }, {}] });
  });

  it('end where asking again does not help, also after content (str-09)', () => {
    const run = open([[text('one'), failure('authentication')]], { recovery: ['restart'] });
    vi.advanceTimersByTime(60_000);
    expect(run.texts).toEqual(['one']);
    expect(run.error).toMatchObject({ category: 'authentication' });
    expect(run.provider.requests).toHaveLength(1);
  });

  it('are one where retries are off (str-12)', () => {
    const run = open([failure('network')], { retry: { maxAttempts: 1 } });
    expect(run.error).toMatchObject({ category: 'network', gaveUp: 'attempts' });
    expect(timers()).toBe(0);
  });

  it('are none behind an open breaker, and there is no wait (str-25)', () => {
    const breakers = createCircuitBreakers();
    breakers.get('fake', 'm').isolate();
    const run = open([], { breakers });
    expect(run.error).toMatchObject({ category: 'circuit-open', attempts: [] });
    expect(timers()).toBe(0);
  });

  it('have one idempotency key (idm-08)', () => {
    const keys: unknown[] = [];
    const provider = fakeProvider<never>(failure('network'), [text('a'), finish()]);
    const noting = {
      ...provider,
      request: ((asked, context) => {
        keys.push(context.idempotencyKey);
        return provider.request(asked, context);
      }) satisfies typeof provider.request,
    };
    listen(createClient({ provider: noting }).stream(request));
    vi.advanceTimersByTime(30_000);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBeTruthy();
    expect(keys[1]).toBe(keys[0]);
  });
});

describe('what is kept of a stream', () => {
  it('is its own: how far it has come can be asked while it runs, and nothing is left thereafter (str-05) (str-07) (str-19)', () => {
    let position: (() => unknown) | undefined;
    const follow: StreamOptions['follow'] = (read) => {
      position = read;
    };
    const events = timer(0, 10).pipe(
      take(3),
      concatMap((index) => (index < 2 ? of(text(`${index}`)) : of(text('2'), finish()))),
    );
    const run = open([events], {}, { follow });
    vi.advanceTimersByTime(0);
    expect(position?.()).toMatchObject({ provider: 'fake', model: 'm', attempts: 1 });
    expect(run.texts).toEqual(['0']);
    vi.advanceTimersByTime(100);
    expect(run.told).toMatchObject({ ends: 1, error: undefined });
    expect(timers()).toBe(0);
  });

  it('is the text of a partial, without what else came with it (str-16)', () => {
    const withUsage = [
      text('Hel'),
      { type: 'usage', usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false } },
    ] as const;
    const run = open([[reasoning('hm'), ...withUsage, text('lo'), failure('network')]]);
    expect(run.error?.partial?.text).toBe('Hello');
  });

  it('is not swept away while it runs, however long that takes (str-17)', () => {
    const long = timer(0, 30_000).pipe(
      take(40),
      concatMap((index) => (index < 39 ? of(text('.')) : of(finish()))),
    );
    const run = open([long], { timeout: { total: 3_600_000 } });
    vi.advanceTimersByTime(900_001);
    const another = open([[text('b'), finish()]]);
    vi.advanceTimersByTime(900_000);
    expect(another.told).toMatchObject({ ends: 1, error: undefined });
    expect(run.texts).toHaveLength(39);
    expect(run.told).toMatchObject({ ends: 1, error: undefined });
  });

  it('is bounded: of a very long answer the end is kept, and it says so (str-20)', () => {
    const piece = 'x'.repeat(65_536);
    const run = open([
      concat(
        from(Array.from({ length: 100 }, () => text(piece))),
        throwError(() => failure('network')),
      ),
    ]);
    expect(run.texts).toHaveLength(100);
    expect(run.error?.partial?.truncated).toBe(true);
    expect(run.error?.partial?.text.length).toBeLessThanOrEqual(4_194_304);
  });

  it('belongs to a subscription, not to a request id (str-21)', () => {
    const provider = fakeProvider<never>(silent(text('a')), [text('b'), finish()]);
    const client = createClient({ provider });
    const one = listen(client.stream(request, { requestId: 'same' }));
    const two = listen(client.stream(request, { requestId: 'same' }));
    vi.advanceTimersByTime(60_000);
    expect(two).toMatchObject({ ends: 1, error: undefined });
    expect(one.error).toMatchObject({ timeout: 'idle', partial: { text: 'a' } });
  });
});

describe('the events of a stream', () => {
  const answer = [text('a'), reasoning('r'), text('b'), finish()];

  it('are filtered, counted and batched with RxJS itself (evt-01) (evt-02) (evt-03) (evt-05)', () => {
    const client = createClient({ provider: fakeProvider<never>(answer, answer) });
    const contents = listen(client.stream(request).pipe(filter(({ type }) => type.endsWith('-delta'))));
    expect(contents.values).toHaveLength(3);
    const batches = listen(client.stream(request).pipe(textDeltas(), bufferTime(50)));
    vi.advanceTimersByTime(100);
    expect(batches.values.flat()).toEqual(['a', 'b']);
  });

  it('have one request id, the given one or one that is made (evt-04)', () => {
    const idsOf = (options?: StreamOptions) => {
      const { values } = listen(createClient({ provider: fakeProvider<never>(answer) }).stream(request, options));
      return new Set((values as { requestId?: string }[]).flatMap(({ requestId }) => requestId ?? []));
    };
    expect(idsOf({ requestId: 'mine' })).toEqual(new Set(['mine']));
    expect(idsOf().size).toBe(1);
  });

  it('are those of one request for each subscriber, or of one for all with `share()` (evt-06)', () => {
    const provider = fakeProvider<never>(answer, answer, of(...answer).pipe(delay(10)));
    const stream$ = createClient({ provider }).stream(request);
    listen(stream$);
    listen(stream$);
    expect(provider.requests).toHaveLength(2);
    const shared$ = stream$.pipe(share());
    const both = listen(merge(shared$.pipe(textDeltas()), shared$.pipe(textDeltas())));
    vi.advanceTimersByTime(100);
    expect(provider.requests).toHaveLength(3);
    expect(both.values).toEqual(['a', 'a', 'b', 'b']);
  });

  it('of two requests with the same options object have two ids (evt-07)', () => {
    const preset: StreamOptions = Object.freeze({ timeout: Object.freeze({ idle: 1_000 }) });
    const client = createClient({
      provider: fakeProvider<never>(
        defer(() => of(...answer)),
        answer,
      ),
    });
    const ids = [client.stream(request, preset), client.stream(request, preset)].map(
      (stream$) => (listen(stream$).values[0] as { requestId: string }).requestId,
    );
    expect(new Set(ids).size).toBe(2);
  });
});
