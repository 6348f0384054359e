import { catchError, defer, delay, EMPTY, ignoreElements, mergeMap, type Observable, of, repeat, takeUntil, timer } from 'rxjs';
import { createCircuitBreakers, createClient, createCooldowns, createRetryBudget, openai, type StreamRequest } from 'steadystream';
import type { InspectorOptions } from 'steadystream/inspector';
import { type Answer, type FaultServer, type RecordedRequest, startFaultServer } from 'steadystream/testing';

/** A client with much to do, and what an inspector of it needs. */
export interface Traffic extends Required<Pick<InspectorOptions, 'breakers' | 'cooldowns' | 'budget'>> {
  readonly client: ReturnType<typeof createClient>;
  /** Streams without end; subscribe to let them run. */
  readonly streams$: Observable<never>;
  close(): Promise<void>;
}

const words = 'An answer comes in small pieces, each of them in its order and once, until its provider says that this was all.';

const good = (tokenDelay: number, text = words): Answer => ({ headersDelay: 160, tokenDelay, text });
const failing = (status: number, type: string, headers: Record<string, string> = {}): Answer => ({
  ...{ status, headers, headersDelay: 220 },
  body: { error: { message: `The ${type} of a provider that misbehaves`, type } },
});

/** What each model answers, request by request, in turn. */
const scripts: Readonly<Record<string, readonly Answer[]>> = {
  'swift-1': [
    good(35),
    good(50),
    failing(503, 'service_unavailable_error'),
    good(40),
    good(30, words.slice(0, 60)),
    failing(500, 'server_error'),
    failing(502, 'server_error'),
    good(45),
  ],
  'deep-2': [
    { ...good(70), headersDelay: 900 },
    failing(429, 'rate_limit_error', { 'retry-after': '2' }),
    { headersDelay: 120, text: words, after: 0, fault: 'stall', heartbeat: 300 },
    good(90),
    { headersDelay: 300, tokenDelay: 55, text: words, after: 9, fault: 'reset' },
    good(60),
  ],
  'frail-3': [failing(500, 'server_error'), failing(500, 'server_error'), failing(503, 'service_unavailable_error')],
  'strict-4': [failing(400, 'invalid_request_error'), failing(429, 'insufficient_quota')],
  'beam-1': [good(45), good(60)],
};

/** Starts a provider on this machine that misbehaves, and a client of it. */
export async function startTraffic(): Promise<Traffic> {
  const asked = new Map<string, number>();
  const server: FaultServer = await startFaultServer(({ body }: RecordedRequest) => {
    const { model = '' } = body as { readonly model?: string };
    const count = asked.get(model) ?? 0;
    asked.set(model, count + 1);
    const script = scripts[model] ?? [];
    return script[count % script.length] ?? { status: 404 };
  });
  const breakers = createCircuitBreakers({ consecutiveFailures: 4, openFor: 6_000 });
  const cooldowns = createCooldowns();
  const budget = createRetryBudget({ tokens: 8 });
  const client = createClient({
    provider: openai({ name: 'acme', apiKey: 'none', baseURL: server.url }),
    fallback: [{ provider: openai({ name: 'beacon', apiKey: 'none', baseURL: server.url }), model: 'beam-1' }],
    retry: { initialDelay: 700, maxDelay: 2_500 },
    timeout: { firstContent: 2_500 },
    recovery: ['continue'],
    ...{ breakers, cooldowns, budget },
  });
  return { client, breakers, cooldowns, budget, streams$: streams(client), close: () => server.close() };
}

/** Asks again and again; now and then somebody leaves in the middle. */
function streams(client: Traffic['client']): Observable<never> {
  const ask = (model: string, every: number, isLeft: (turn: number) => boolean): Observable<never> => {
    let turn = 0;
    const request: StreamRequest = { model, messages: [{ role: 'user', content: 'Tell me about yourself.' }] };
    const one$ = defer(() => {
      const stream$ = client.stream(request);
      return (isLeft(turn++) ? stream$.pipe(takeUntil(timer(1_400))) : stream$).pipe(
        ignoreElements(),
        // The inspector shows it.
        catchError(() => EMPTY),
      );
    });
    return timer(0, every).pipe(mergeMap(() => one$));
  };
  return of(
    ask('swift-1', 900, (turn) => turn % 7 === 5),
    ask('deep-2', 1_700, (turn) => turn % 5 === 3),
    ask('frail-3', 2_600, () => false),
    ask('strict-4', 6_500, () => false),
  ).pipe(mergeMap((each$) => each$.pipe(delay(0), repeat())));
}
