import { defer, finalize, ignoreElements, lastValueFrom, NEVER, type Observable, tap, timer } from 'rxjs';
import {
  boundedConcatMap,
  bulkhead,
  type ClientConfig,
  createBulkhead,
  createCircuitBreakers,
  createClient,
  createRateLimiter,
  createRetryBudget,
  createSessions,
  holdBack,
  json,
  memoryStore,
  openai,
  runTools,
  type StreamEvent,
  type StreamRequest,
  textDeltas,
  tool,
  toolCalls,
} from 'steadystream';
import type { Answer, FaultServer } from 'steadystream/testing';
import { z } from 'zod';

/** What goes wrong, and the program to which it happens. */
export interface Scenario {
  /** The first cell of its row on the page. */
  readonly name: string;
  /** What the provider says; the last answer again and again. */
  readonly answers?: readonly Answer[];
  readonly config?: Omit<Partial<ClientConfig>, 'provider'>;
  /** What is subscribed to, if it is not the stream alone. */
  readonly program?: (where: Place) => Observable<unknown> | Promise<Observable<unknown>>;
}

/** Where a scenario takes place. */
export interface Place {
  readonly server: FaultServer;
  readonly client: ReturnType<typeof createClient>;
  readonly stream: () => Observable<StreamEvent>;
}

export const request: StreamRequest = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] };

const refusal = (status: number, error: object = { message: 'No.' }, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body: { error },
  headers,
});
const ends = (from: Observable<unknown>): Promise<unknown> => lastValueFrom(from, { defaultValue: undefined }).catch(() => undefined);

const failing = tool({
  input: z.object({}),
  execute: () => {
    throw new Error('out of order');
  },
});

export const scenarios: readonly Scenario[] = [
  // Before any text.
  { name: 'The key is wrong (401)', answers: [refusal(401)] },
  { name: 'The key may not do this (403)', answers: [refusal(403)] },
  { name: 'There is no such model or address (404)', answers: [refusal(404)] },
  { name: 'The request is malformed (400)', answers: [refusal(400)] },
  { name: 'The conversation is too long', answers: [refusal(400, { code: 'context_length_exceeded', message: 'Too long.' })] },
  { name: 'A filter declines what was asked', answers: [refusal(400, { code: 'content_filter', message: 'Declined.' })] },
  { name: 'The account is out of credit', answers: [refusal(429, { code: 'insufficient_quota', message: 'Pay.' })] },
  { name: 'Too many requests (429), every time', answers: [refusal(429, { message: 'Slow down.' }, { 'retry-after-ms': '5' })] },
  { name: 'Too many requests, come back in five minutes', answers: [refusal(429, { message: 'Slow down.' }, { 'retry-after': '300' })] },
  {
    name: 'The next call within those five minutes',
    answers: [refusal(429, { message: 'Slow down.' }, { 'retry-after': '300' })],
    config: { timeout: { total: 60_000 } },
    async program({ stream }) {
      await ends(stream());
      return stream();
    },
  },
  { name: 'The provider is overloaded (529), every time', answers: [refusal(529)] },
  { name: 'The provider fails (500, 502, 503), every time', answers: [refusal(500)] },
  {
    name: 'Nobody listens there, or the name is unknown',
    program: async ({ server }) =>
      createClient({
        provider: openai({ apiKey: 'test', baseURL: await server.refusedUrl() }),
        retry: { initialDelay: 1, maxDelay: 2 },
      }).stream(request),
  },
  { name: 'The connection breaks before the head', answers: [{ after: 'request', fault: 'reset' }] },
  { name: 'No head of a response comes', answers: [{ after: 'request', fault: 'stall' }], config: { timeout: { headers: 40 } } },
  {
    name: 'A head comes, and no content',
    answers: [{ text: 'Hello', after: 0, fault: 'stall' }],
    config: { timeout: { firstContent: 60 } },
  },
  { name: 'A page comes instead of a stream', answers: [{ body: '<html>Log in</html>' }] },
  { name: 'An empty 200', answers: [{ body: '', headers: { 'content-type': 'text/event-stream' } }] },
  {
    name: 'The stream begins with an error',
    answers: [{ text: 'Hello', after: 0, fault: { error: { type: 'server_error', message: 'Busy.' } } }],
  },
  {
    name: 'There is no time left for another attempt',
    answers: [refusal(503)],
    config: { timeout: { total: 200 }, retry: { initialDelay: 10_000, maxDelay: 10_000, jitter: 'none' } },
  },
  {
    name: 'The retry budget is used up',
    answers: [refusal(503)],
    config: { budget: createRetryBudget({ tokens: 1 }) },
    async program({ stream }) {
      await ends(stream());
      return stream();
    },
  },

  // After text.
  { name: 'The body ends cleanly, without the end', answers: [{ text: 'Hello there', after: 1, fault: 'end' }] },
  { name: 'The connection breaks', answers: [{ text: 'Hello there', after: 1, fault: 'reset' }] },
  {
    name: 'The stream stalls, heartbeats or not',
    answers: [{ text: 'Hello there', after: 1, fault: 'stall', heartbeat: 20 }],
    config: { timeout: { idle: 60 } },
  },
  {
    name: 'The provider says an error in the stream',
    answers: [{ text: 'Hello there', after: 1, fault: { error: { type: 'server_error', message: 'Busy.' } } }],
  },
  { name: 'A message cannot be read', answers: [{ text: 'Hello there', after: 1, fault: ['malformed', 'end'] }] },
  { name: 'A line has no end', answers: [{ text: 'Hello there', after: 1, fault: 'endless-line', bytesPerSecond: 1e9 }] },
  {
    name: 'The answer takes longer than it may',
    answers: [{ text: 'Hello there', repeat: 1_000, tokenDelay: 5 }],
    config: { timeout: { total: 150 } },
  },
  {
    name: 'A tool call is cut',
    answers: [{ toolCalls: [{ name: 'weather', inputFragments: ['{"city":', '"Graz"}'] }], after: 2, fault: 'reset' }],
  },
  {
    name: 'The model repeats itself for ever',
    answers: [{ text: 'again and again and ', repeat: 1_000 }],
    config: { repetitionGuard: { maxRepeats: 5 } },
  },
  {
    name: '`textDeltas()` meets a `restart`',
    answers: [{ text: 'Hello there', after: 1, fault: 'reset' }, { text: 'Good day' }],
    config: { recovery: ['restart'] },
    program: ({ stream }) => stream().pipe(textDeltas()),
  },

  // An answer that is not what was wanted.
  {
    name: 'The text is not the JSON of the schema',
    answers: [{ text: '{"title":7}' }],
    program: ({ stream }) => stream().pipe(json(z.object({ title: z.string() }))),
  },
  {
    name: 'The JSON is cut at the limit on output',
    answers: [{ text: '{"title":"Toa', finishReason: 'length' }],
    program: ({ stream }) => stream().pipe(json(z.object({ title: z.string() }))),
  },
  {
    name: 'The model calls a tool that is not there',
    answers: [{ toolCalls: [{ name: 'whatever' }] }],
    program: ({ stream }) => stream().pipe(toolCalls({})),
  },
  {
    name: 'A tool throws, and `onToolError` is `fail`',
    answers: [{ toolCalls: [{ name: 'weather' }] }],
    program: ({ client }) => runTools(client, request, { tools: { weather: failing }, onToolError: 'fail' }),
  },
  {
    name: 'A check of yours declines the text',
    answers: [{ text: 'Hello there. ' }],
    program: ({ stream }) =>
      stream().pipe(
        textDeltas(),
        holdBack(async () => false),
      ),
  },

  // Refused on this side.
  { name: 'The request is no request', program: ({ client }) => client.stream({ model: 'gpt-4o-mini' } as unknown as StreamRequest) },
  {
    name: 'The breaker is open',
    answers: [refusal(500)],
    config: { breakers: createCircuitBreakers({ consecutiveFailures: 1 }), retry: { maxAttempts: 1 } },
    async program({ stream }) {
      await ends(stream());
      return stream();
    },
  },
  {
    name: 'The bulkhead and its queue are full',
    answers: [{ text: 'Hello' }],
    program({ stream }) {
      const places = createBulkhead({ maxConcurrent: 1, maxQueue: 0 });
      const held = NEVER.pipe(bulkhead(places)).subscribe();
      const refused = stream().pipe(bulkhead(places));
      return refused.pipe(finalize(() => held.unsubscribe()));
    },
  },
  {
    name: 'The line of the rate limiter is full',
    answers: [{ text: 'Hello' }],
    config: { rateLimit: createRateLimiter({ requestsPerMinute: 1, maxQueue: 0 }) },
    async program({ stream }) {
      await ends(stream());
      return stream();
    },
  },
  {
    name: 'Its turn at the rate limiter comes too late',
    answers: [{ text: 'Hello' }],
    config: { rateLimit: createRateLimiter({ requestsPerMinute: 1 }), timeout: { total: 150 } },
    async program({ stream }) {
      await ends(stream());
      return stream();
    },
  },
  {
    name: 'Your signal aborts',
    answers: [{ text: 'Hello there', after: 1, fault: 'stall' }],
    program: ({ client }) => client.stream(request, { signal: AbortSignal.timeout(50) }),
  },
  {
    name: 'A consumer is slower than its buffer is long',
    answers: [{ text: 'a b c d e f g h' }],
    program: ({ stream }) =>
      stream().pipe(
        textDeltas(),
        boundedConcatMap(() => timer(50).pipe(ignoreElements()), { maxItems: 2, overflow: 'error' }),
      ),
  },

  // Stored streams.
  {
    name: 'There is no such session, or it is another tenant’s',
    program: ({ client }) => createSessions({ client, store: memoryStore() }).attach('none'),
  },
  {
    name: 'There is no room in the store',
    program: ({ client }) => defer(() => createSessions({ client, store: memoryStore({ maxStoreBytes: 1 }) }).start(request)),
  },
  {
    name: 'The session was cancelled',
    answers: [{ text: 'Hello there', after: 1, fault: 'stall' }],
    async program({ client, server }) {
      const sessions = createSessions({ client, store: memoryStore() });
      const { id } = await sessions.start(request);
      await server.request(0);
      await sessions.cancel(id);
      return sessions.attach(id);
    },
  },
  {
    name: 'The store forgot the session while it was read',
    answers: [{ text: 'Hello there', after: 1, fault: 'stall' }],
    async program({ client }) {
      const store = memoryStore();
      const sessions = createSessions({ client, store });
      const { id } = await sessions.start(request);
      return sessions.attach(id).pipe(tap(({ type }) => type === 'text-delta' && void store.delete(id)));
    },
  },
];
