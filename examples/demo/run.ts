import { defer, finalize, switchMap, timer } from 'rxjs';
import { createCircuitBreakers, createClient, openai } from 'steadystream';
import { startFaultServer } from 'steadystream/testing';
import { happenings, type Run } from '../../src/command/run.ts';
import { type Ending, type Scenario, type ScenarioName, scenarios } from './scenarios.ts';

/** A run that has a script: how its calls should end. */
export interface Rehearsal extends Run {
  readonly endings: readonly Ending[];
}

const pauseBetweenCalls = 250;

/** A run against a provider that misbehaves as scripted. */
export function rehearse(name: ScenarioName): Rehearsal {
  const { about, answers, calls, breakers: breakerConfig, retry, timeout }: Scenario = scenarios[name];
  const provider = 'embedded';
  const request = { model: 'demo-1', messages: [{ role: 'user', content: 'Tell me about yourself.' }] } as const;

  return {
    title: name,
    about,
    isSeries: calls.length > 1,
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
