import {
  asapScheduler,
  catchError,
  concat,
  defer,
  EMPTY,
  filter,
  finalize,
  merge,
  type Observable,
  scheduled,
  switchMap,
  takeUntil,
  takeWhile,
  timer,
} from 'rxjs';
import {
  anthropic,
  type Client,
  createCircuitBreakers,
  createClient,
  type LifecycleEvent,
  openai,
  type StreamEvent,
  type StreamRequest,
} from 'steadystream';
import { startFaultServer } from 'steadystream/testing';
import type { RealCall } from './arguments.ts';
import { type Ending, type Scenario, type ScenarioName, scenarios } from './scenarios.ts';

/** What happens beside the answer, and the answer's pieces: of its text, of the reasoning before it, of a refusal. */
export type Happening = LifecycleEvent | Extract<StreamEvent, { readonly text: string }>;

/** Calls to a provider, one after the other, and what happens on the way. */
export interface Run {
  readonly title: string;
  readonly about: string;
  /** How the calls should end; `undefined` for a provider that nobody has scripted. */
  readonly endings: readonly Ending[] | undefined;
  start(interrupt$: Observable<unknown>): Observable<Happening>;
}

const pauseBetweenCalls = 250;

/** A run against a provider that misbehaves as scripted. */
export function rehearse(name: ScenarioName): Run {
  const { about, answers, calls, breakers: breakerConfig, retry, timeout }: Scenario = scenarios[name];
  const provider = 'embedded';
  const request = { model: 'demo-1', messages: [{ role: 'user', content: 'Tell me about yourself.' }] } as const;

  return {
    title: name,
    about,
    endings: calls.map(({ ends }) => ends),
    start: (interrupt$) =>
      defer(() => startFaultServer(answers)).pipe(
        switchMap((server) => {
          const breakers = createCircuitBreakers(breakerConfig);
          const client = createClient({ provider: openai({ name: provider, baseURL: server.url }), breakers, retry, timeout });
          const breaker = breakers.get(provider, request.model);
          const calls$ = calls.map(({ waitsForBreaker }) =>
            defer(() => timer(pauseBetweenCalls + (waitsForBreaker ? breaker.retryAfter() : 0))).pipe(
              switchMap(() => client.stream(request)),
            ),
          );
          return happenings(client, calls$, interrupt$).pipe(finalize(() => server.close()));
        }),
      ),
  };
}

/** A run against a real provider. */
export function ask({ provider, apiKey, baseURL, model, prompt }: RealCall): Run {
  const options = { apiKey, baseURL };
  const client = createClient({ provider: provider === 'openai' ? openai(options) : anthropic(options) });
  const request: StreamRequest = { model, messages: [{ role: 'user', content: prompt }] };
  return {
    title: `${provider} ${model}`,
    about: prompt,
    endings: undefined,
    start: (interrupt$) => happenings(client, [client.stream(request)], interrupt$),
  };
}

function happenings(client: Client, calls$: readonly Observable<StreamEvent>[], interrupt$: Observable<unknown>): Observable<Happening> {
  const deltas$ = calls$.map((call$) =>
    call$.pipe(
      filter((event) => 'text' in event),
      // The lifecycle tells it.
      catchError(() => EMPTY),
    ),
  );
  // Not at once, so that the lifecycle can still tell of a call that was interrupted.
  const end$ = scheduled(['end' as const], asapScheduler);
  return merge(client.lifecycle$, concat(concat(...deltas$).pipe(takeUntil(interrupt$)), end$)).pipe(
    takeWhile((happening) => happening !== 'end'),
  );
}
