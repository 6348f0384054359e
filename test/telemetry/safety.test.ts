import { createNoopMeter, SpanKind, type Tracer } from '@opentelemetry/api';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { lastValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createCircuitBreakers, type Recovery } from '../../src/index.ts';
import { type Logger, logLifecycle } from '../../src/log-lifecycle.ts';
import { openTelemetry } from '../../src/telemetry/opentelemetry.ts';
import { prometheus } from '../../src/telemetry/prometheus.ts';
import type { Answer } from '../../src/testing/fault-server.ts';
import { afterwards, apiKey, clientOf, collect, expectText, providerOf, quiet, request, serve } from '../integration/support.ts';
import { traced } from './support.ts';

const boom = new Error('backend failed');

/** An object of which every method of the original works until the n-th call of any, which throws, as do all after it. */
function failing<T extends object>(original: T, after: number, calls = { count: 0 }): T {
  return new Proxy(original, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (++calls.count > after) throw boom;
        const result: unknown = Reflect.apply(value, target, args);
        return typeof result === 'object' && result !== null && !(result instanceof Promise) ? failing(result, after, calls) : result;
      };
    },
  });
}

describe('telemetry whose backend fails', () => {
  it.each([0, 1, 2, 3, 5, 8, 13, 21])(
    'at its call %i leaves the stream as it is, and is reported once: tracer and meter',
    async (after) => {
      const server = await serve([{ status: 503 }, { text: 'Hello' }]);
      const client = clientOf('openai', server.url);
      const real = traced(undefined);
      const failures: unknown[] = [];
      const calls = { count: 0 };
      const meter = createNoopMeter();
      client.lifecycle$.subscribe(
        openTelemetry({
          tracer: failing(real.tracer, after, calls),
          meter: failing(meter, after, calls),
          attempts: true,
          content: true,
          onError: (error) => failures.push(error),
        }),
      );
      expectText(await collect(client.stream(request)), 'Hello');
      expect(calls.count).toBeGreaterThan(after);
      expect(failures).toEqual([boom]);
    },
  );

  it.each([0, 1, 2, 5])('at its call %i leaves the stream as it is, and is reported once: registry', async (after) => {
    const server = await serve([{ status: 503 }, { text: 'Hello' }]);
    const client = clientOf('openai', server.url);
    const registry = new Registry();
    const failures: unknown[] = [];
    client.lifecycle$.subscribe(prometheus({ registry, onError: (error) => failures.push(error) }));
    let calls = 0;
    for (const metric of registry.getMetricsAsArray()) {
      for (const method of ['inc', 'dec', 'set', 'observe'] as const) {
        const original = (metric as unknown as Record<string, unknown>)[method];
        if (typeof original !== 'function') continue;
        Object.assign(metric, {
          [method]: (...args: unknown[]) => {
            if (++calls > after) throw boom;
            return Reflect.apply(original, metric, args) as unknown;
          },
        });
      }
    }
    expectText(await collect(client.stream(request)), 'Hello');
    expect(calls).toBeGreaterThan(after);
    expect(failures).toEqual([boom]);
  });

  it('or rejects, or never answers, leaves the stream as it is: logger', async () => {
    const server = await serve(() => ({ text: 'Hello' }));
    const answers: (() => unknown)[] = [
      () => {
        throw boom;
      },
      () => Promise.reject(boom),
      () => new Promise(() => {}),
    ];
    for (const [index, answer] of answers.entries()) {
      const client = clientOf('openai', server.url);
      const failures: unknown[] = [];
      const logger: Logger = { debug: answer, info: answer, warn: answer, error: answer };
      client.lifecycle$.subscribe(logLifecycle(logger, { level: 'debug', onError: (error) => failures.push(error) }));
      expectText(await collect(client.stream(request)), 'Hello');
      await quiet(5);
      expect(failures).toEqual(index < 2 ? [boom] : []);
    }
  });

  it('tells the console of it once where nobody else is told, and survives whoever is told', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    afterwards(() => warn.mockRestore());
    const server = await serve(() => ({ text: 'Hello' }));
    const client = clientOf('openai', server.url);
    const fail = (): never => {
      throw boom;
    };
    const logger: Logger = { debug: fail, info: fail, warn: fail, error: fail };
    client.lifecycle$.subscribe(logLifecycle(logger));
    client.lifecycle$.subscribe(logLifecycle(logger, { onError: fail }));
    for (let call = 0; call < 3; call++) expectText(await collect(client.stream(request)), 'Hello');
    expect(warn.mock.calls).toEqual([['steadystream: logLifecycle failed, and will say no more of it: Error: backend failed']]);
  });

  it('a tracer whose spans fail at everything still has each span ended', async () => {
    const server = await serve([{ status: 503 }, { text: 'Hello' }]);
    const client = clientOf('openai', server.url);
    const ended: string[] = [];
    const span = new Proxy({} as never, {
      get: (_, name) => {
        if (name === 'end') return () => ended.push('end');
        return () => {
          throw boom;
        };
      },
    });
    const tracer: Tracer = { startSpan: () => span, startActiveSpan: () => undefined as never };
    client.lifecycle$.subscribe(openTelemetry({ tracer, meter: false, onError: () => {} }));
    await collect(client.stream(request));
    expect(ended).toEqual(['end']);
  });
});

describe('spans', () => {
  it('hold no key that only the request knows to be one', async () => {
    const key = 'an-internal-credential-of-ours';
    const server = await serve(() => ({ text: 'Hello', headers: { 'x-request-id': `for ${key}` } }));
    const client = clientOf('openai', server.url, { provider: providerOf('openai', server.url, key) });
    const told = traced(client, { attempts: true });
    expectText(await collect(client.stream(request)), 'Hello');
    const [attempt] = told.spans();
    expect(attempt?.attributes['steadystream.provider_request_id']).toBe('for [redacted]');
  });

  const text = ['one ', 'two ', 'three ', 'four '];
  const answer = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Answer>({ text }) },
    fc.constantFrom(400, 401, 404, 429, 500, 503, 529).map((status): Answer => ({ status, body: { error: { message: `key ${apiKey}` } } })),
    fc
      .constantFrom('reset', 'end', 'malformed', 'error-event', 'stall')
      .chain((fault) =>
        fc
          .constantFrom<Extract<Answer, { after?: unknown }>['after']>('request', 'headers', 0, 2, 'deltas', 'finish-reason')
          .map((after) => ({ text, after, fault }) as Answer),
      ),
  );
  const world = fc.record({
    answers: fc.array(answer, { minLength: 1, maxLength: 4 }),
    recovery: fc.constantFrom<readonly Recovery[]>([], ['continue'], ['restart'], [{ restart: { verify: true } }]),
    hasFallback: fc.boolean(),
    hedgeAfter: fc.constantFrom(undefined, 0, 15),
    attempts: fc.boolean(),
    stopAfter: fc.constantFrom(undefined, 0, 1, 3),
    abortAfter: fc.constantFrom(undefined, 0, 25),
  });

  it('are one a call whatever happens to it, ended once, and hold no secret', async () => {
    const outcomes = new Set<unknown>();
    const server = await serve({ text });
    const other = await serve(() => ({ text }));
    await fc.assert(
      fc.asyncProperty(world, async ({ answers, recovery, hasFallback, hedgeAfter, attempts, stopAfter, abortAfter }) => {
        let index = 0;
        server.script(() => answers[index++ % answers.length] as Answer);
        const client = clientOf('openai', server.url, {
          recovery,
          retry: { maxAttempts: 2, maxDelay: 2 },
          timeout: { headers: 40, firstContent: 50, idle: 40, total: 1_000 },
          breakers: createCircuitBreakers({ consecutiveFailures: 4, openFor: 50 }),
          ...(hasFallback && { fallback: [{ provider: providerOf('anthropic', other.url), model: 'm-2', afterContent: true }] }),
          ...(hedgeAfter !== undefined && { hedge: { after: hedgeAfter } }),
        });
        const ends = vi.fn();
        const told = traced(undefined, { attempts });
        const counting: Tracer = {
          startActiveSpan: told.tracer.startActiveSpan.bind(told.tracer) as never,
          startSpan: (...args) => {
            const span = told.tracer.startSpan(...args);
            const end = span.end.bind(span);
            span.end = (...times) => {
              ends(span);
              end(...times);
            };
            return span;
          },
        };
        const failures: unknown[] = [];
        client.lifecycle$.subscribe(openTelemetry({ tracer: counting, meter: false, attempts, onError: (error) => failures.push(error) }));
        const stop = new AbortController();
        const timer = abortAfter === undefined ? undefined : setTimeout(() => stop.abort(), abortAfter);
        const stream$ = client.stream(request, { signal: stop.signal });
        await lastValueFrom((stopAfter === undefined ? stream$ : stream$.pipe(take(stopAfter + 1))).pipe(toArray())).catch(() => undefined);
        clearTimeout(timer);
        const calls = told.spans().filter(({ kind }) => kind === SpanKind.CLIENT);
        expect(calls).toHaveLength(1);
        expect(told.spans().at(-1)).toBe(calls[0]);
        expect(new Set(ends.mock.calls.map(([span]) => span)).size).toBe(ends.mock.calls.length);
        expect(ends.mock.calls.length).toBe(told.spans().length);
        const outcome = calls[0]?.attributes['steadystream.outcome'];
        outcomes.add(outcome);
        expect(['finish', 'error', 'cancel']).toContain(outcome);
        expect(
          JSON.stringify(told.spans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))),
        ).not.toContain(apiKey);
        expect(failures).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(outcomes).toEqual(new Set(['finish', 'error', 'cancel']));
  });

  it.each(['openai', 'gemini', 'anthropic'] as const)('hold no key, wherever the provider repeats it: %s', async (wire) => {
    const body = { error: { message: `bad key ${apiKey}`, code: apiKey, type: apiKey, status: apiKey } };
    const headers = { 'x-request-id': apiKey, 'request-id': `Bearer ${apiKey}` };
    const server = await serve(() => ({ status: 401, body, headers }));
    const client = clientOf(wire, server.url);
    const told = traced(client, { attempts: true, content: true });
    let log = '';
    const write = (facts: object, message: string) => {
      log += JSON.stringify(facts) + message;
    };
    client.lifecycle$.subscribe(logLifecycle({ debug: write, info: write, warn: write, error: write }, { level: 'debug' }));
    await collect(client.stream(request));
    server.script(() => ({ text: 'Hello', headers }));
    await collect(client.stream(request));
    expect(told.calls()).toHaveLength(2);
    const all = JSON.stringify(told.spans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status })));
    expect(all + log).not.toContain(apiKey);
    expect(log).toContain('steadystream error');
  });
});
