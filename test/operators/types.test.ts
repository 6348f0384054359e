import { EMPTY, type Observable, of, retry } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import {
  accumulate,
  type BackoffConfig,
  type Bulkhead,
  backoff,
  boundedConcatMap,
  bulkhead,
  type ClientConfig,
  cancelOn,
  checkpoint,
  circuitBreaker,
  classifyErrors,
  configFromEnv,
  cooldown,
  createBulkhead,
  createCircuitBreaker,
  createClient,
  createCooldowns,
  createRateLimiter,
  createRetryBudget,
  type EventLike,
  fallbackTo,
  fromAsyncIterable,
  fromReadableStream,
  fundRetries,
  hedge,
  holdUntilContent,
  type OperationalConfig,
  type Provider,
  type ProviderError,
  rateLimit,
  repetitionGuard,
  result,
  type StreamEvent,
  type StreamRequest,
  type StreamResult,
  streamTimeout,
  textDeltas,
  throwIfUnfinished,
  toAsyncIterable,
  toReadableStream,
  type ViewState,
  viewState,
} from '../../src/index.ts';
import { fakeProvider } from '../../src/testing/index.ts';

interface Citation {
  readonly type: 'citation';
  readonly url: string;
}
interface Token {
  readonly token: string;
}

const request: StreamRequest = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };
const breaker = createCircuitBreaker();

describe('the types of the operators', () => {
  it('keep the element', () => {
    const tokens = of<Token[]>({ token: 'a' });
    expectTypeOf(tokens.pipe(streamTimeout({ idle: 1 }))).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(classifyErrors())).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(circuitBreaker(breaker))).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(holdUntilContent())).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(cancelOn(undefined))).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(retry(backoff()))).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(
      tokens.pipe(
        streamTimeout({ idle: 1 }),
        classifyErrors(),
        circuitBreaker(breaker),
        holdUntilContent(),
        retry(backoff()),
        cancelOn(undefined),
      ),
    ).toEqualTypeOf<Observable<Token>>();
    expectTypeOf((EMPTY as Observable<StreamEvent>).pipe(checkpoint())).toEqualTypeOf<Observable<StreamEvent>>();
    // @ts-expect-error: a checkpoint is of events
    tokens.pipe(checkpoint());
  });

  it('keep the element in those that wait, limit and watch', () => {
    const tokens = of<Token[]>({ token: 'a' });
    const gate = createCooldowns().get('p', 'm');
    expectTypeOf(tokens.pipe(cooldown(gate))).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(bulkhead(createBulkhead({ maxConcurrent: 1 })))).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(rateLimit(createRateLimiter()))).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(fundRetries(createRetryBudget(), { provider: 'p' }))).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(hedge({ after: 5 }))).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(throwIfUnfinished(({ token }) => token === ''))).toEqualTypeOf<Observable<Token>>();
    const events = EMPTY as Observable<StreamEvent | Citation>;
    expectTypeOf(events.pipe(repetitionGuard())).toEqualTypeOf<Observable<StreamEvent | Citation>>();
    expectTypeOf(
      events.pipe(repetitionGuard(), cooldown(gate), bulkhead(createBulkhead({ maxConcurrent: 1 })), hedge({ after: 5 }), retry(backoff())),
    ).toEqualTypeOf<Observable<StreamEvent | Citation>>();
    // @ts-expect-error: a guard is of events
    tokens.pipe(repetitionGuard());
  });

  it('are a union where another source takes over', () => {
    const tokens = of<Token[]>({ token: 'a' });
    expectTypeOf(tokens.pipe(fallbackTo(() => of('text')))).toEqualTypeOf<Observable<Token | string>>();
    expectTypeOf(tokens.pipe(fallbackTo(() => tokens))).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(tokens.pipe(fallbackTo(async () => 5))).toEqualTypeOf<Observable<Token | number>>();
    tokens.pipe(
      fallbackTo((error) => {
        expectTypeOf(error).toEqualTypeOf<ProviderError>();
        return EMPTY;
      }),
    );
  });

  it('are those of the work and of the bridges', () => {
    const tokens = of<Token[]>({ token: 'a' });
    expectTypeOf(tokens.pipe(boundedConcatMap(({ token }) => of(token)))).toEqualTypeOf<Observable<string>>();
    expectTypeOf(tokens.pipe(boundedConcatMap(async ({ token }, index) => `${token}${index}`))).toEqualTypeOf<Observable<string>>();
    expectTypeOf(tokens.pipe(boundedConcatMap(({ token }) => [token.length]))).toEqualTypeOf<Observable<number>>();
    expectTypeOf(toReadableStream(tokens)).toEqualTypeOf<ReadableStream<Token>>();
    const open = async (signal: AbortSignal) =>
      (signal.aborted
        ? []
        : (async function* () {
            yield { token: 'a' };
          })()) as AsyncIterable<Token>;
    expectTypeOf(fromAsyncIterable(open)).toEqualTypeOf<Observable<Token>>();
    expectTypeOf(fromReadableStream(() => new ReadableStream<Uint8Array>())).toEqualTypeOf<Observable<Uint8Array>>();
  });

  it('fit an environment into a client', () => {
    expectTypeOf(configFromEnv({})).toEqualTypeOf<OperationalConfig>();
    expectTypeOf<OperationalConfig>().toExtend<Partial<ClientConfig>>();
    createClient({ provider: fakeProvider(), ...configFromEnv({}) });
    createClient({
      provider: fakeProvider<Citation>(),
      fallback: [{ provider: fakeProvider<Citation>(), model: 'm', on: ['overloaded'] }],
    });
    createClient({
      provider: fakeProvider(),
      fallback: undefined,
      hedge: undefined,
      budget: undefined,
      cooldowns: undefined,
      rateLimit: undefined,
    });
  });

  it('give `isContent` the element', () => {
    const tokens = of<Token[]>({ token: 'a' });
    tokens.pipe(hedge({ after: 5, isContent: ({ token }) => token !== '' }));
    tokens.pipe(fallbackTo(() => EMPTY, { isContent: ({ token }) => token !== '' }));
    tokens.pipe(cooldown(createCooldowns().get('p', 'm'), { isContent: ({ token }) => token !== '' }));
    tokens.pipe(boundedConcatMap(() => EMPTY, { sizeOf: ({ token }) => token.length }));
    tokens.pipe(streamTimeout({ idle: 1, isContent: ({ token }) => token !== '' }));
    tokens.pipe(classifyErrors({ isContent: ({ token }) => token !== '' }));
    tokens.pipe(circuitBreaker(breaker, { isContent: ({ token }) => token !== '' }));
    tokens.pipe(holdUntilContent({ isContent: ({ token }) => token !== '' }));
    // @ts-expect-error: no such member
    tokens.pipe(holdUntilContent({ isContent: ({ text }) => text !== '' }));
  });

  it('are those of the projections', () => {
    const events = EMPTY as Observable<StreamEvent | Citation>;
    expectTypeOf(events.pipe(textDeltas())).toEqualTypeOf<Observable<string>>();
    expectTypeOf(events.pipe(accumulate())).toEqualTypeOf<Observable<StreamResult>>();
    expectTypeOf(events.pipe(result())).toEqualTypeOf<Observable<StreamResult>>();
    expectTypeOf(events.pipe(viewState())).toEqualTypeOf<Observable<ViewState>>();
    expectTypeOf(toAsyncIterable(events.pipe(textDeltas()))).toEqualTypeOf<AsyncIterableIterator<string>>();
  });

  it('narrow a view by its status', () => {
    const show = (state: ViewState): string => {
      expectTypeOf(state.text).toEqualTypeOf<string>();
      // @ts-expect-error: only `done` has a result
      void state.result;
      switch (state.status) {
        case 'failed':
          return state.error.toPublic().message;
        case 'retrying':
          expectTypeOf(state.error).toEqualTypeOf<ProviderError>();
          return `${state.retryAt}`;
        case 'done':
          return state.result.text;
        default:
          return state.text;
      }
    };
    void show;
  });

  it('carry a provider’s own events through a client', () => {
    const provider = fakeProvider<Citation>([{ type: 'citation', url: 'https://example.org' }]);
    expectTypeOf(provider).toExtend<Provider<Citation>>();
    const stream = createClient({ provider }).stream(request);
    expectTypeOf(stream).toEqualTypeOf<Observable<StreamEvent | Citation>>();
    const read = (event: StreamEvent | Citation): void => {
      if (event.type === 'citation') expectTypeOf(event.url).toEqualTypeOf<string>();
      if (event.type === 'text-delta') expectTypeOf(event.text).toEqualTypeOf<string>();
    };
    void read;
    expectTypeOf(createClient({ provider: fakeProvider() }).stream(request)).toEqualTypeOf<Observable<StreamEvent>>();
  });

  it('know an event by its type', () => {
    const read = (event: StreamEvent): string | undefined => {
      // @ts-expect-error: not every event has text
      void event.text;
      switch (event.type) {
        case 'retry':
        case 'restart':
          return event.error.message;
        case 'finish':
          return event.rawFinishReason;
        default:
          expectTypeOf(event).toExtend<EventLike>();
          return undefined;
      }
    };
    void read;
  });

  it('do not compile with wrong options', () => {
    const wrong = (): void => {
      // @ts-expect-error: a typing error
      streamTimeout({ idel: 5 });
      // @ts-expect-error: milliseconds are numbers
      streamTimeout({ idle: '5s' });
      // @ts-expect-error: no such jitter
      backoff({ jitter: 'some' });
      // @ts-expect-error: it is `maxAttempts`
      backoff({ retries: 3 });
      // @ts-expect-error: no such category
      classifyErrors({ rules: [{ category: 'rate-limited' }] });
      // @ts-expect-error: no such option
      createCircuitBreaker({ threshold: 5 });
      // @ts-expect-error: a provider is needed
      createClient({});
      // @ts-expect-error: error or ignore
      textDeltas({ onRestart: 'retry' });
      // @ts-expect-error: a number
      viewState({ every: '16ms' });
      // @ts-expect-error: no such option
      toAsyncIterable(of(1), { highWaterMark: 5 });
      // @ts-expect-error: a gate, not its registry
      cooldown(createCooldowns());
      // @ts-expect-error: places, not their number
      bulkhead({ maxConcurrent: 4 });
      // @ts-expect-error: a number of places is needed
      createBulkhead({});
      // @ts-expect-error: it is `requestsPerMinute`
      createRateLimiter({ rpm: 5 });
      // @ts-expect-error: a limiter, not its options
      rateLimit({ requestsPerMinute: 5 });
      // @ts-expect-error: it is `tokens`
      createRetryBudget({ capacity: 5 });
      // @ts-expect-error: a budget is made
      backoff({ budget: { tokens: 5 } });
      // @ts-expect-error: a time is needed
      hedge({});
      // @ts-expect-error: no such category
      fallbackTo(() => EMPTY, { on: ['down'] });
      // @ts-expect-error: it is a function
      fallbackTo(EMPTY);
      // @ts-expect-error: no such overflow
      boundedConcatMap(() => EMPTY, { overflow: 'block' });
      // @ts-expect-error: no such option
      toReadableStream(of(1), { highWaterMark: 5 });
      // @ts-expect-error: a function that opens, so that a retry can open anew
      fromAsyncIterable((async function* () {})());
      // @ts-expect-error: a function that opens
      fromReadableStream(new ReadableStream());
      // @ts-expect-error: says whether a value is the end
      throwIfUnfinished();
      // @ts-expect-error: a model is needed
      createClient({ provider: fakeProvider(), fallback: [{ provider: fakeProvider() }] });
      // @ts-expect-error: a time is needed
      createClient({ provider: fakeProvider(), hedge: { allowTools: true } });
      // @ts-expect-error: read only
      (undefined as unknown as Bulkhead).active = 5;
      // @ts-expect-error: a breaker, not its options
      circuitBreaker({ failureRatio: 0.5 });
      // @ts-expect-error: an AbortController is no signal
      cancelOn(new AbortController());
      // @ts-expect-error: messages are needed
      createClient({ provider: fakeProvider() }).stream({ model: 'm' });
      // @ts-expect-error: no such role
      createClient({ provider: fakeProvider() }).stream({ model: 'm', messages: [{ role: 'robot', content: 'x' }] });
      // @ts-expect-error: no such option of a call
      createClient({ provider: fakeProvider() }).stream(request, { timeoutMs: 5 });
    };
    void wrong;
  });

  it('take `undefined` for an option that is left out', () => {
    const maxAttempts: number | undefined = undefined;
    const policy: BackoffConfig = { maxAttempts, jitter: undefined };
    streamTimeout({ idle: undefined });
    createClient({ provider: fakeProvider(), retry: policy, timeout: undefined, breakers: undefined });
    holdUntilContent({ maxItems: undefined });
    toAsyncIterable(of(1), { maxItems: undefined });
  });

  it('do not let anybody write into an event or a result', () => {
    const write = (event: StreamEvent, whole: StreamResult): void => {
      // @ts-expect-error: read only
      event.type = 'raw';
      // @ts-expect-error: read only
      whole.text = '';
      // @ts-expect-error: read only
      whole.toolCalls.push({ toolCallId: '', toolName: '', input: {} });
    };
    void write;
  });
});
