import {
  catchError,
  EMPTY,
  filter,
  firstValueFrom,
  from,
  map,
  merge,
  NEVER,
  type Observable,
  of,
  retry,
  Subject,
  type Subscription,
  scan,
  share,
  switchMap,
  takeUntil,
  tap,
} from 'rxjs';
import {
  type Attempt,
  accumulate,
  anthropic,
  backoff,
  backoffDelay,
  type CircuitBreakers,
  type Client,
  type ClientConfig,
  cancelOn,
  circuitBreaker,
  classify,
  classifyErrors,
  createCircuitBreaker,
  createCircuitBreakers,
  createClient,
  type Decoder,
  type ErrorCategory,
  type EventLike,
  fetchTransport,
  type HttpRequest,
  isProviderError,
  openai,
  type Provider,
  ProviderError,
  type ProviderEvent,
  type ResponseHead,
  type Rule,
  result,
  type SseMessage,
  type StreamEvent,
  type StreamOptions,
  type StreamRequest,
  streamTimeout,
  type Transport,
  textDeltas,
  toAsyncIterable,
  type Usage,
  type ViewState,
  viewState,
} from 'steadystream';

// Programs as users write them, over the public surface only: that they compile is the test (`tsc`). They are not run.

const hello: StreamRequest = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] };

/** A command line: text to the terminal, the outcome to the exit status. */
export function terminal(prompt: string): Subscription {
  const client = createClient({ provider: openai({ apiKey: process.env.OPENAI_API_KEY ?? '' }), retry: { maxAttempts: 3 } });
  return client
    .stream({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: prompt }], temperature: 0.2, maxOutputTokens: 500 })
    .pipe(textDeltas())
    .subscribe({
      next: (text) => process.stdout.write(text),
      error: (error: ProviderError) => {
        console.error(error.message, error.partial?.text ?? '');
        process.exitCode = error.retryable ? 75 : 1;
      },
      complete: () => console.log(),
    });
}

/** A component of Angular's, in short: the newest question wins, the states go to a signal. */
export class Chat {
  readonly #client = createClient({ provider: anthropic({ apiKey: async () => 'key' }) });
  readonly questions$ = new Subject<string>();
  readonly stop$ = new Subject<void>();
  readonly view$: Observable<ViewState> = this.questions$.pipe(
    switchMap((content) =>
      this.#client.stream({ model: 'claude', messages: [{ role: 'user', content }] }).pipe(takeUntil(this.stop$), viewState({ every: 50 })),
    ),
    share(),
  );

  label(state: ViewState): string {
    switch (state.status) {
      case 'retrying':
        return `${state.error.toPublic().message} (${state.retryAt - Date.now()} ms, attempt ${state.attempt})`;
      case 'failed':
        return state.error.toPublic().message;
      case 'done':
        return `${state.result.usage.totalTokens} tokens`;
      default:
        return state.text;
    }
  }
}

/** A server's handler: the request's signal, an id of its own, time limits of the call. */
export async function handler(incoming: Request, client: Client): Promise<string> {
  const options = {
    signal: incoming.signal,
    requestId: incoming.headers.get('x-request-id') ?? undefined,
    timeout: { total: 60_000 },
    retry: { maxAttempts: 2 },
  } satisfies StreamOptions;
  const { text, toolCalls, finishReason } = await firstValueFrom(client.stream(hello, options).pipe(result()));
  return finishReason === 'tool-calls' ? JSON.stringify(toolCalls.map(({ toolName, input }) => [toolName, input])) : text;
}

/** An SDK's stream, made steady with the operators alone. */
export function steadySdk(open: () => AsyncIterable<{ readonly delta: string }>, signal: AbortSignal): Observable<string> {
  const breaker = createCircuitBreaker({ consecutiveFailures: 3, openFor: 10_000 });
  const rules: readonly Rule[] = [
    { message: /network issue/i, category: 'network' },
    { status: [409, 425], retryable: true },
    { when: (error) => error instanceof RangeError, category: 'invalid-request' },
  ];
  return of(null).pipe(
    switchMap(() => from(open())),
    map(({ delta }) => delta),
    streamTimeout({ firstContent: 20_000, idle: 10_000, isContent: (delta) => delta !== '' }),
    classifyErrors({ rules, provider: 'sdk' }),
    circuitBreaker(breaker),
    retry(backoff({ maxAttempts: 4, jitter: 'equal', random: () => Math.random() })),
    cancelOn(signal),
  );
}

/** `for await`, with an early end. */
export async function firstSentence(client: Client): Promise<string> {
  let text = '';
  for await (const delta of toAsyncIterable(client.stream(hello).pipe(textDeltas()), { maxItems: 32 })) {
    text += delta;
    if (text.includes('.')) break;
  }
  return text;
}

interface Citation {
  readonly type: 'citation';
  readonly url: string;
}

/** A provider of one's own, with an event of its own. */
export function cited(): Provider<Citation> {
  const decoder = (head: ResponseHead): Decoder<Citation> => ({
    *begin(): Iterable<ProviderEvent> {
      if (head.status === 203) yield { type: 'raw', data: 'transformed' };
    },
    *decode({ event, data }: SseMessage): Iterable<ProviderEvent | Citation> {
      if (event === 'cite') yield { type: 'citation', url: data };
      else if (data === '[DONE]') yield { type: 'finish', finishReason: 'stop', rawFinishReason: 'stop', usage };
      else yield { type: 'text-delta', id: 'text-0', text: data };
    },
  });
  const usage: Usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true };
  return {
    name: 'cited',
    request: ({ messages, model }, { attempt, requestId }): HttpRequest => ({
      url: 'https://example.org/stream',
      headers: { 'x-attempt': String(attempt), 'x-request-id': requestId },
      body: JSON.stringify({ model, messages }),
    }),
    decoder,
    describeError: ({ status, body }) => (status === 418 ? { category: 'invalid-request', detail: String(body) } : undefined),
  };
}

/** Custom events beside text. */
export function citations(): Observable<string | readonly string[]> {
  const events$ = createClient({ provider: cited() }).stream(hello).pipe(share());
  const urls$ = events$.pipe(
    filter((event): event is Citation => event.type === 'citation'),
    scan((urls, { url }) => [...urls, url], [] as readonly string[]),
  );
  return merge(events$.pipe(textDeltas()), urls$);
}

/** A transport of one's own around the usual one. */
export const logged: Transport = (request, context) =>
  fetchTransport({ fetch: globalThis.fetch })(request, context).pipe(tap({ error: (error) => console.log(request.url, error) }));

/** Two clients, one set of breakers, and a board that shows them. */
export function shared(): { readonly clients: readonly Client[]; readonly board$: Observable<string> } {
  const breakers: CircuitBreakers = createCircuitBreakers({ failureRatio: 0.4, maxKeys: 50 });
  const config = { breakers, transport: logged, classify: { unknownRetryable: true } } satisfies Omit<ClientConfig, 'provider'>;
  const clients = [openai(), openai({ baseURL: 'http://localhost:8080/v1' })].map((provider) => createClient({ ...config, provider }));
  return {
    clients,
    board$: breakers.changes$.pipe(map(({ provider, model, from: before, to }) => `${provider} ${model}: ${before} -> ${to}`)),
  };
}

/** Metrics out of the lifecycle. */
export function metrics(client: Client, count: (name: string, labels: Readonly<Record<string, string>>) => void): Subscription {
  return client.lifecycle$.subscribe((event) => {
    switch (event.type) {
      case 'retry':
        return count('retries', { provider: event.provider, category: event.category });
      case 'error':
        return count('errors', { category: event.error.category, gaveUp: event.error.gaveUp ?? 'none' });
      case 'breaker':
        return count('breaker', { to: event.to });
      default:
        return count(event.type, { model: event.model });
    }
  });
}

/** What to do about a failure, by its category. */
export function advice(thrown: unknown): string {
  const error = isProviderError(thrown) ? thrown : classify(thrown);
  const byCategory: Partial<Record<ErrorCategory, string>> = { 'rate-limit': 'slow down', authentication: 'check the key' };
  const ledger = error.attempts.map(({ attempt, category, delayMs }: Attempt) => `${attempt}: ${category}, then ${delayMs} ms`);
  return [byCategory[error.category] ?? error.message, ...ledger].join('\n');
}

/** A failure that is answered with something else. */
export function withApology(client: Client): Observable<string> {
  return client.stream(hello).pipe(
    textDeltas({ onRestart: 'ignore' }),
    catchError((error: ProviderError) => (error.category === 'cancelled' ? EMPTY : of(`\n${error.toPublic().message}`))),
  );
}

/** Tokens so far, as a number on a screen; and a wait, printed. */
export const tokens = (client: Client): Observable<number> =>
  client.stream(hello).pipe(
    accumulate(),
    map(({ usage }) => usage.outputTokens),
  );
export const waits: readonly number[] = [1, 2, 3].map((attempt) => backoffDelay({ jitter: 'none' }, attempt));

/** What a test of a user's own throws. */
export const busy = (): Observable<never> => (new ProviderError({ category: 'overloaded', retryAfterMs: 5 }).retryable ? NEVER : EMPTY);

/** A union of one's own events around ours. */
export type Everything = StreamEvent | Citation | EventLike;
