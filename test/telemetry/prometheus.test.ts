import { Registry, register } from 'prom-client';
import { lastValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createCircuitBreakers } from '../../src/index.ts';
import { type PrometheusOptions, prometheus } from '../../src/telemetry/prometheus.ts';
import { clientOf, collect, expectText, providerOf, request, serve } from '../integration/support.ts';

type TestClient = ReturnType<typeof clientOf>;

function counted(client: TestClient, options: PrometheusOptions = {}) {
  const registry = new Registry();
  const failures: unknown[] = [];
  client.lifecycle$.subscribe(prometheus({ registry, onError: (error) => failures.push(error), ...options }));
  /** Its lines that have a value, without comments, buckets and sums. */
  const lines = async (): Promise<string[]> => {
    const text = await registry.metrics();
    expect(failures).toEqual([]);
    return text
      .split('\n')
      .filter((line) => line !== '' && !/^#|_bucket|_sum|^steadystream_retry_delay|^steadystream_cooldown_seconds/.test(line));
  };
  return { registry, lines };
}

describe('metrics of Prometheus', () => {
  it('count calls, attempts, retries and tokens', async () => {
    const server = await serve([{ status: 503 }, { text: 'Hello', usage: { inputTokens: 9, outputTokens: 6, cachedInputTokens: 4 } }]);
    const client = clientOf('openai', server.url);
    const { lines } = counted(client);
    expectText(await collect(client.stream(request)), 'Hello');
    expect(await lines()).toEqual([
      'steadystream_calls_total{provider="openai",model="m-1",outcome="finish",category="none"} 1',
      'steadystream_calls_running 0',
      'steadystream_call_duration_seconds_count{provider="openai",model="m-1",outcome="finish"} 1',
      'steadystream_first_content_seconds_count{provider="openai",model="m-1"} 1',
      'steadystream_attempts_total{provider="openai",model="m-1"} 2',
      'steadystream_attempt_failures_total{provider="openai",model="m-1",category="server-error"} 1',
      'steadystream_retries_total{provider="openai",model="m-1",category="server-error"} 1',
      'steadystream_tokens_total{provider="openai",model="m-1",type="input",estimated="false"} 9',
      'steadystream_tokens_total{provider="openai",model="m-1",type="output",estimated="false"} 6',
      'steadystream_tokens_total{provider="openai",model="m-1",type="cached",estimated="false"} 4',
    ]);
  });

  it('count failures by category, fallbacks, recoveries, refusals and the state of the breaker', async () => {
    const server = await serve([{ text: ['a', 'b'], after: 2, fault: 'reset' }, { status: 503 }]);
    const other = await serve(() => ({ text: 'Hello' }));
    const client = clientOf('openai', server.url, {
      breakers: createCircuitBreakers({ consecutiveFailures: 1, openFor: 20_000 }),
      recovery: ['continue'],
      fallback: [{ provider: providerOf('anthropic', other.url), model: 'm-2' }],
    });
    const { lines } = counted(client);
    await collect(client.stream(request));
    await collect(client.stream(request));
    const told = (await lines()).filter((line) => /calls_total|fallbacks|recoveries|refusals|breaker/.test(line));
    expect(told).toEqual([
      'steadystream_calls_total{provider="anthropic",model="m-2",outcome="finish",category="none"} 2',
      'steadystream_refusals_total{provider="openai",model="m-1",category="circuit-open"} 1',
      'steadystream_recoveries_total{provider="openai",model="m-1",verb="continue"} 1',
      'steadystream_fallbacks_total{provider="openai",model="m-1",category="circuit-open"} 2',
      'steadystream_breaker_state{provider="openai",model="m-1",state="closed"} 0',
      'steadystream_breaker_state{provider="openai",model="m-1",state="half-open"} 0',
      'steadystream_breaker_state{provider="openai",model="m-1",state="open"} 1',
      'steadystream_breaker_state{provider="openai",model="m-1",state="isolated"} 0',
      'steadystream_breaker_changes_total{provider="openai",model="m-1",state="open",reason="consecutive-failures"} 1',
    ]);
  });

  it('count calls that were left, with an estimate, and those that run', async () => {
    const server = await serve(() => ({ text: 'one two three', tokenDelay: 20 }));
    const client = clientOf('openai', server.url);
    const { lines } = counted(client);
    const running = [1, 2, 3].map(() => client.stream(request).subscribe());
    expect(await lines()).toContain('steadystream_calls_running 3');
    for (const each of running) each.unsubscribe();
    await lastValueFrom(client.stream(request).pipe(take(2), toArray()));
    const told = await lines();
    expect(told).toContain('steadystream_calls_running 0');
    expect(told).toContain('steadystream_calls_total{provider="openai",model="m-1",outcome="cancel",category="cancelled"} 4');
    expect(told.filter((line) => line.includes('tokens_total')).every((line) => line.includes('estimated="true"'))).toBe(true);
    expect(told.filter((line) => line.includes('tokens_total'))).not.toEqual([]);
  });

  it('have no more models than they may', async () => {
    const server = await serve(() => ({ text: 'Hello' }));
    const client = clientOf('openai', server.url);
    const few = counted(client, { maxModels: 2 });
    const allowed = counted(client, { models: ['c'] });
    for (const model of ['a', 'b', 'c', 'x'.repeat(5_000)]) await collect(client.stream({ ...request, model }));
    const models = async ({ lines }: typeof few) =>
      (await lines()).filter((line) => line.includes('calls_total')).map((line) => /model="([^"]*)"/.exec(line)?.[1]);
    expect(await models(few)).toEqual(['a', 'b', 'other']);
    expect(await models(allowed)).toEqual(['other', 'c']);
  });

  it('stay within their bounds whatever ids and models callers invent', async () => {
    const server = await serve(() => ({ status: 404 }));
    const client = clientOf('openai', server.url, {
      retry: { maxAttempts: 1 },
      breakers: createCircuitBreakers({ minOutcomes: 1_000_000 }),
    });
    const { registry, lines } = counted(client, { maxModels: 5 });
    for (let call = 0; call < 60; call++) await collect(client.stream({ ...request, model: `m-${call}` }, { requestId: `id-${call}` }));
    expect((await lines()).length).toBeLessThan(40);
    expect(await registry.metrics()).not.toContain('id-3');
  });

  it('of several clients and observers come together in one registry', async () => {
    const server = await serve(() => ({ text: 'Hello' }));
    const [one, two] = [clientOf('openai', server.url), clientOf('openai', server.url)];
    const { registry, lines } = counted(one);
    two.lifecycle$.subscribe(prometheus({ registry }));
    await collect(one.stream(request));
    await collect(two.stream(request));
    expect(await lines()).toContain('steadystream_calls_total{provider="openai",model="m-1",outcome="finish",category="none"} 2');
  });

  it('are in the global registry unless told otherwise, under a prefix of yours', async () => {
    const client = clientOf('openai', 'http://127.0.0.1:9');
    client.lifecycle$.subscribe(prometheus({ prefix: 'acme_llm_', buckets: [1, 2] }));
    await collect(client.stream({ ...request, messages: [] }));
    const text = await register.metrics();
    register.clear();
    expect(text).toContain('acme_llm_calls_total{provider="openai",model="",outcome="error",category="invalid-request"} 1');
    expect(text.match(/acme_llm_call_duration_seconds_bucket/g)).toHaveLength(3);
  });

  const cases: readonly [object, RegExp][] = [
    [{ registery: 1 }, /^prometheus: registery is not an option$/],
    [{ registry: {} }, /^prometheus: registry must be a registry of prom-client$/],
    [{ prefix: 'a b' }, /^prometheus: prefix must be the beginning of a name/],
    [{ buckets: [2, 1] }, /^prometheus: buckets must be an array of numbers that rise$/],
    [{ maxModels: 0 }, /^prometheus: maxModels must be a whole number from 1$/],
  ];
  it.each(cases)('refuse options that are wrong: %j', (options, message) => {
    expect(() => prometheus(options as never)).toThrow(message);
  });
});
