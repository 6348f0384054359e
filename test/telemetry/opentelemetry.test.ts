import { metrics, propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Registry } from 'prom-client';
import { lastValueFrom, Subject, take, takeUntil, toArray } from 'rxjs';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createCircuitBreakers, fetchTransport, runTools, type StreamEvent, type StreamRequest, tool } from '../../src/index.ts';
import { resilientFetch } from '../../src/resilient-fetch.ts';
import { inferenceNames, openTelemetry } from '../../src/telemetry/opentelemetry.ts';
import { prometheus } from '../../src/telemetry/prometheus.ts';
import { responsesEvents } from '../../src/testing/fault-server.ts';
import {
  apiKey,
  clientOf,
  collect,
  eventsOf,
  expectAborted,
  expectError,
  expectText,
  providerOf,
  request,
  serve,
  within,
} from '../integration/support.ts';
import { context, eventsOn, followContexts, onlyCall, SpanStatusCode, trace, traced } from './support.ts';

followContexts();

describe('the span of a call', () => {
  it('tells the request, the answer and what it cost, in the names of the conventions', async () => {
    const server = await serve({ text: 'Hello', usage: { inputTokens: 9, outputTokens: 6, cachedInputTokens: 4 } });
    const client = clientOf('openai', server.url);
    const told = traced(client);
    const full: StreamRequest = {
      ...request,
      maxOutputTokens: 50,
      temperature: 0.5,
      stop: ['x'],
      seed: 7,
      reasoningEffort: 'low',
      responseFormat: { type: 'json' },
    };
    const ending = await collect(client.stream(full, { requestId: 'order-1' }));
    const span = onlyCall(told);
    expect(span.name).toBe('chat m-1');
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'm-1',
      'gen_ai.request.stream': true,
      'gen_ai.request.max_tokens': 50,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.stop_sequences': ['x'],
      'gen_ai.request.seed': 7,
      'gen_ai.request.reasoning.level': 'low',
      'gen_ai.output.type': 'json',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.response.time_to_first_chunk': expect.any(Number),
      'gen_ai.usage.input_tokens': 9,
      'gen_ai.usage.output_tokens': 6,
      'gen_ai.usage.cache_read.input_tokens': 4,
      'gen_ai.usage.reasoning.output_tokens': 0,
      'steadystream.request_id': 'order-1',
      'steadystream.outcome': 'finish',
      'steadystream.provider': 'openai',
      'steadystream.model': 'm-1',
      'steadystream.attempts': 1,
    });
    expect(eventsOf(ending.events, 'finish')[0]?.usage.inputTokens).toBe(9);
  });

  it('begins with the subscription and ends with the last event, not before', async () => {
    const server = await serve({ text: ['a', 'b', 'c'], tokenDelay: 20 });
    const client = clientOf('openai', server.url);
    const told = traced(client);
    const stream$ = client.stream(request);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const seen: number[] = [];
    await within(lastValueFrom(stream$.pipe(toArray())).then(() => seen.push(told.spans().length)));
    expect(seen).toEqual([1]);
    const span = onlyCall(told);
    const milliseconds = span.duration[0] * 1_000 + span.duration[1] / 1e6;
    expect(milliseconds).toBeGreaterThan(35);
    expect(milliseconds).toBeLessThan(4_000);
  });

  it('is still open while deltas come', async () => {
    const server = await serve({ text: ['a', 'b'] });
    const client = clientOf('openai', server.url);
    const told = traced(client);
    const open: number[] = [];
    await within(
      new Promise<void>((complete) =>
        client.stream(request).subscribe({ next: ({ type }) => type === 'text-delta' && open.push(told.spans().length), complete }),
      ),
    );
    expect(open).toEqual([0, 0]);
    expect(told.spans()).toHaveLength(1);
  });

  it('is one over all attempts, with an event for each retry', async () => {
    const server = await serve([{ status: 503 }, { status: 503 }, { text: 'Hello' }]);
    const client = clientOf('openai', server.url);
    const told = traced(client);
    expectText(await collect(client.stream(request)), 'Hello');
    const span = onlyCall(told);
    expect(eventsOn(span)).toEqual(['steadystream.retry', 'steadystream.retry']);
    expect(span.events[1]?.attributes).toEqual({
      'error.type': 'server-error',
      'steadystream.attempt': 2,
      'steadystream.delay_ms': expect.any(Number),
    });
    expect(span.attributes).toMatchObject({ 'steadystream.attempts': 3, 'gen_ai.response.finish_reasons': ['stop'] });
    expect(span.attributes).not.toHaveProperty('error.type');
  });

  it('has a child for each attempt, where that is asked for, and none outlives it', async () => {
    const server = await serve([{ status: 503 }, { text: 'Hello' }]);
    const client = clientOf('openai', server.url);
    const told = traced(client, { attempts: true });
    await collect(client.stream(request));
    const span = onlyCall(told);
    const attempts = told.spans().filter(({ name }) => name === 'steadystream.attempt');
    expect(attempts.map(({ attributes }) => attributes['steadystream.outcome'])).toEqual(['error', 'finish']);
    expect(attempts[0]?.attributes).toMatchObject({
      'error.type': 'server-error',
      'http.response.status_code': 503,
      'steadystream.provider_request_id': 'req_fault_0',
    });
    expect(attempts[1]?.attributes).toMatchObject({ 'http.response.status_code': 200, 'steadystream.provider_request_id': 'req_fault_1' });
    for (const attempt of attempts) expect(attempt.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
    expect(told.spans().at(-1)?.spanContext().spanId).toBe(span.spanContext().spanId);
  });

  it('tells of a hedge: two attempts, the one that lost is cancelled', async () => {
    const server = await serve([{ text: 'slow', headersDelay: 3_000 }, { text: 'fast' }]);
    const client = clientOf('openai', server.url, { hedge: { after: 30 } });
    const told = traced(client, { attempts: true });
    expectText(await collect(client.stream(request)), 'fast');
    const attempts = told.spans().filter(({ name }) => name === 'steadystream.attempt');
    expect(
      Object.fromEntries(attempts.map(({ attributes }) => [attributes['steadystream.attempt'], attributes['steadystream.outcome']])),
    ).toEqual({ 1: 'cancel', 2: 'finish' });
    expect(onlyCall(told).attributes['steadystream.outcome']).toBe('finish');
  });

  it('tells of a fallback, and who answered', async () => {
    const server = await serve({ status: 503 });
    const other = await serve({ text: 'Hello' });
    const client = clientOf('openai', server.url, {
      retry: { maxAttempts: 1 },
      fallback: [{ provider: providerOf('anthropic', other.url), model: 'm-2' }],
    });
    const told = traced(client);
    expectText(await collect(client.stream(request)), 'Hello');
    const span = onlyCall(told);
    expect(span.events).toMatchObject([
      {
        name: 'steadystream.fallback',
        attributes: { 'steadystream.to.provider': 'anthropic', 'steadystream.to.model': 'm-2', 'error.type': 'server-error' },
      },
    ]);
    expect(span.attributes).toMatchObject({
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'm-1',
      'steadystream.provider': 'anthropic',
      'steadystream.model': 'm-2',
    });
  });

  it('tells of a recovery and of the seam that it left', async () => {
    const server = await serve([{ text: ['Hel', 'lo'], after: 2, fault: 'reset' }, { text: ' there' }]);
    const client = clientOf('openai', server.url, { recovery: ['continue'] });
    const told = traced(client);
    expectText(await collect(client.stream(request)), 'Hello there');
    const span = onlyCall(told);
    expect(eventsOn(span)).toEqual(['steadystream.recovery', 'steadystream.seam']);
    expect(span.events[0]?.attributes).toMatchObject({ 'steadystream.verb': 'continue', 'error.type': 'network' });
  });

  it('tells of a restart', async () => {
    const server = await serve([{ text: ['Hel', 'lo'], after: 2, fault: 'reset' }, { text: 'Good day' }]);
    const client = clientOf('openai', server.url, { recovery: ['restart'] });
    const told = traced(client);
    await collect(client.stream(request));
    expect(eventsOn(onlyCall(told))).toEqual(['steadystream.recovery', 'steadystream.restart']);
  });

  it('tells of a breaker that lets nothing through', async () => {
    const server = await serve({ status: 503 });
    const breakers = createCircuitBreakers({ consecutiveFailures: 1, openFor: 20_000 });
    const client = clientOf('openai', server.url, { breakers, retry: { maxAttempts: 1 } });
    await collect(client.stream(request));
    const told = traced(client);
    expectError(await collect(client.stream(request)), { category: 'circuit-open' });
    const span = onlyCall(told);
    expect(span.events).toMatchObject([
      { name: 'steadystream.refusal', attributes: { 'error.type': 'circuit-open', 'steadystream.attempt': 0 } },
    ]);
    expect(span.attributes).toMatchObject({
      'error.type': 'circuit-open',
      'steadystream.attempts': 0,
      'gen_ai.response.finish_reasons': ['error'],
    });
  });

  it('tells of a wait that the provider asked for', async () => {
    const server = await serve([{ status: 429, headers: { 'retry-after-ms': '150' } }, { text: 'Hello' }]);
    const client = clientOf('openai', server.url, { retry: { maxAttempts: 1 } });
    await collect(client.stream(request));
    const told = traced(client);
    expectText(await collect(client.stream(request)), 'Hello');
    expect(eventsOn(onlyCall(told))).toEqual(['steadystream.cooldown']);
  });

  it('has the error’s category, status and message, and is marked as failed', async () => {
    const server = await serve({ status: 401, body: { error: { message: `Incorrect API key provided: ${apiKey}` } } });
    const client = clientOf('openai', server.url);
    const told = traced(client, { attempts: true });
    const { error } = await collect(client.stream(request));
    const span = onlyCall(told);
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: error?.message });
    expect(span.attributes).toMatchObject({
      'error.type': 'authentication',
      'http.response.status_code': 401,
      'steadystream.outcome': 'error',
      'steadystream.error.phase': 'connect',
      'steadystream.provider_request_id': 'req_fault_0',
    });
  });

  it('ends when the subscriber leaves, as cancelled and not as failed', async () => {
    const server = await serve({ text: 'one two three', tokenDelay: 50 });
    const client = clientOf('openai', server.url);
    const told = traced(client, { attempts: true });
    await lastValueFrom(client.stream(request).pipe(take(2), toArray()));
    const span = onlyCall(told);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes).toMatchObject({
      'steadystream.outcome': 'cancel',
      'error.type': 'cancelled',
      'gen_ai.response.finish_reasons': ['error'],
      'steadystream.usage.estimated': true,
    });
    expect(told.spans().map(({ name }) => name)).toEqual(['steadystream.attempt', 'chat m-1']);
    await expectAborted(server.requests[0]);
  });

  it('ends when a signal aborts, as cancelled', async () => {
    const server = await serve({ after: 'headers', fault: 'stall', text: '' });
    const client = clientOf('openai', server.url);
    const told = traced(client);
    const stop = new AbortController();
    const ending = collect(client.stream(request, { signal: stop.signal }));
    await server.request(0);
    stop.abort();
    expectError(await ending, { category: 'cancelled' });
    expect(onlyCall(told)).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'steadystream.outcome': 'cancel', 'error.type': 'cancelled' },
    });
  });

  it('names the deadline that passed', async () => {
    const server = await serve({ after: 'headers', fault: 'stall', text: '' });
    const client = clientOf('openai', server.url, { retry: { maxAttempts: 1 }, timeout: { firstContent: 60 } });
    const told = traced(client);
    await collect(client.stream(request));
    expect(onlyCall(told).attributes).toMatchObject({ 'error.type': 'timeout', 'steadystream.error.timeout': 'first-content' });
  });

  it('is there for a request that is not valid, also for one that is none', async () => {
    const client = clientOf('openai', 'http://127.0.0.1:9');
    const told = traced(client, { content: true, attempts: true });
    for (const bad of [{ ...request, messages: [] }, null, { model: 7, messages: 'x', stop: 'y', responseFormat: 1 }])
      expectError(await collect(client.stream(bad as never)), { category: 'invalid-request' });
    expect(told.calls().map(({ attributes }) => attributes['error.type'])).toEqual([
      'invalid-request',
      'invalid-request',
      'invalid-request',
    ]);
    expect(told.failures).toEqual([]);
  });

  it('is bounded in what the request says, and there however odd that is', async () => {
    const server = await serve({ text: 'Hello' });
    const client = clientOf('openai', server.url);
    const told = traced(client);
    await collect(client.stream({ ...request, model: 'm'.repeat(10_000), stop: ['x'.repeat(10_000)] }));
    const odd = { ...request, stop: [Object.create(null), 'end'] };
    expectError(await collect(client.stream(odd)), { category: 'invalid-request' });
    const [long, refused] = told.calls();
    for (const value of Object.values(long?.attributes ?? {})) expect(JSON.stringify(value).length).toBeLessThan(300);
    expect(refused?.attributes).toMatchObject({ 'gen_ai.request.stop_sequences': ['end'], 'error.type': 'invalid-request' });
  });

  it('says nothing of tokens where nothing is known of them', async () => {
    const fetch = resilientFetch({ fetch: async () => Response.json({}) });
    const told = traced(fetch);
    await (await fetch('https://api.openai.com/v1/embeddings', { method: 'POST', body: '{"model":"m-1"}' })).text();
    const names = Object.keys(onlyCall(told).attributes);
    expect(names).toContain('steadystream.outcome');
    expect(names.filter((name) => name.includes('usage'))).toEqual([]);
  });

  it('has no more events than it may, and counts the rest', async () => {
    const server = await serve([{ status: 503 }, { status: 503 }, { status: 503 }, { text: 'Hello' }]);
    const client = clientOf('openai', server.url, { retry: { maxAttempts: 4 } });
    const told = traced(client, { maxEvents: 1 });
    await collect(client.stream(request));
    const span = onlyCall(told);
    expect(span.events).toHaveLength(1);
    expect(span.attributes['steadystream.dropped_events']).toBe(2);
  });
});

describe('whose child a span is', () => {
  it('that of the span that is active at the subscription, in asynchronous code', async () => {
    const server = await serve([{ status: 503 }, { text: 'Hello' }]);
    const client = clientOf('openai', server.url);
    const told = traced(client);
    const parent = told.tracer.startSpan('parent');
    const stream$ = context.with(trace.setSpan(context.active(), told.tracer.startSpan('elsewhere')), () => client.stream(request));
    await context.with(trace.setSpan(context.active(), parent), async () => {
      await new Promise((resolve) => setImmediate(resolve));
      expectText(await collect(stream$), 'Hello');
      expect(trace.getActiveSpan()).toBe(parent);
    });
    const span = onlyCall(told);
    expect(span.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
  });

  it('nobody’s where none is active', async () => {
    const server = await serve({ text: 'Hello' });
    const client = clientOf('openai', server.url);
    const told = traced(client);
    await collect(client.stream(request));
    expect(onlyCall(told).parentSpanContext).toBeUndefined();
  });

  it('calls at the same time keep theirs apart, also under one request id', async () => {
    const server = await serve(() => ({ text: 'Hello', tokenDelay: 2 }));
    const client = clientOf('openai', server.url);
    const told = traced(client);
    const parents = Array.from({ length: 8 }, (_, index) => told.tracer.startSpan(`parent ${index}`));
    await Promise.all(
      parents.map((parent) =>
        context.with(trace.setSpan(context.active(), parent), () => collect(client.stream(request, { requestId: 'same' }))),
      ),
    );
    expect(
      told
        .calls()
        .map(({ parentSpanContext }) => parentSpanContext?.spanId)
        .sort(),
    ).toEqual(parents.map((each) => each.spanContext().spanId).sort());
    expect(told.failures).toEqual([]);
  });

  it('each turn of a run of tools is one, below whoever runs it', async () => {
    const server = await serve([{ toolCalls: [{ id: 'c1', name: 'weather', input: { city: 'Rome' } }] }, { text: 'Sunny' }]);
    const client = clientOf('openai', server.url);
    const told = traced(client, { attempts: true });
    const parent = told.tracer.startSpan('agent');
    const tools = { weather: tool({ input: z.object({ city: z.string() }), execute: async () => 'sun' }) };
    await context.with(trace.setSpan(context.active(), parent), () =>
      within(lastValueFrom(runTools(client, request, { tools }).pipe(toArray()))),
    );
    expect(told.calls().map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([
      parent.spanContext().spanId,
      parent.spanContext().spanId,
    ]);
    expect(told.calls().map(({ attributes }) => attributes['gen_ai.response.finish_reasons'])).toEqual([['tool_call'], ['stop']]);
    expect(new Set(told.calls().map(({ attributes }) => attributes['steadystream.request_id'])).size).toBe(1);
  });
});

describe('a stream that is taken up again', () => {
  it('is linked to the span of the one before', async () => {
    const server = await serve([{ text: ['Hel', 'lo'], after: 2, fault: 'reset' }, { text: ' there' }]);
    const client = clientOf('openai', server.url);
    const told = traced(client);
    const { error } = await collect(client.stream(request));
    const from = JSON.parse(JSON.stringify(error?.checkpoint));
    await collect(client.stream(request, { from, recovery: ['continue'] }));
    const [first, second] = told.calls();
    expect(second?.links).toMatchObject([{ context: { spanId: first?.spanContext().spanId } }]);
    expect(second?.name).toBe('chat m-1');
  });

  it('by its id at the provider is a fetch of a response, and its tokens are counted once', async () => {
    const events = responsesEvents({ text: ['One ', 'two'], usage: { inputTokens: 5, outputTokens: 2 } }).map((event) =>
      event.replace('"status":"in_progress"', '"status":"in_progress","background":true'),
    );
    const server = await serve([
      { events: events.slice(0, 5), fault: 'reset' },
      { events: events.slice(5), wire: 'openai-responses' },
    ]);
    const client = clientOf('openai-responses', server.url, { recovery: [] });
    const told = traced(client);
    const registry = new Registry();
    client.lifecycle$.subscribe(prometheus({ registry }));
    const { error } = await collect(client.stream(request));
    expectText(await collect(client.stream(request, { from: error?.checkpoint, recovery: ['resume'] })), 'two');
    const second = told.calls()[1];
    expect(second?.name).toBe('fetch_response m-1');
    expect(second?.attributes['gen_ai.operation.name']).toBe('fetch_response');
    expect(second?.attributes).not.toHaveProperty('gen_ai.usage.input_tokens');
    const { 'gen_ai.client.token.usage': tokens = [] } = await told.measured();
    expect(tokens.filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'fetch_response')).toEqual([]);
    expect(await registry.metrics()).not.toMatch(/tokens_total.*estimated="false"/);
  });
});

describe('content', () => {
  const conversation: StreamRequest = {
    model: 'm-1',
    messages: [
      { role: 'system', content: 'Be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', url: 'https://example.com/a.png?sig=verysecretvalue' },
        ],
      },
    ],
  };

  it('is not written unless that is asked for', async () => {
    const server = await serve({ text: 'A house' });
    const client = clientOf('openai', server.url);
    const told = traced(client, { attempts: true });
    await collect(client.stream(conversation));
    expect(JSON.stringify(told.spans().map(({ name, attributes, events, status }) => [name, attributes, events, status]))).not.toMatch(
      /brief|What is|house|sig=/,
    );
  });

  it('is the conversation and the answer, in the form of the conventions', async () => {
    const server = await serve({ text: 'A house' });
    const client = clientOf('openai', server.url);
    const told = traced(client, { content: true });
    await collect(client.stream(conversation));
    const { attributes } = onlyCall(told);
    expect(JSON.parse(attributes['gen_ai.input.messages'] as string)).toEqual([
      { role: 'system', parts: [{ type: 'text', content: 'Be brief' }] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'What is this?' },
          { type: 'uri', modality: 'image' },
        ],
      },
    ]);
    expect(JSON.parse(attributes['gen_ai.output.messages'] as string)).toEqual([
      { role: 'assistant', parts: [{ type: 'text', content: 'A house' }], finish_reason: 'stop' },
    ]);
  });

  it('is bounded, and keeps what was said last', async () => {
    const server = await serve({ text: 'x', repeat: 400 });
    const client = clientOf('openai', server.url);
    const told = traced(client, { content: true, maxContent: 100 });
    await collect(
      client.stream({
        model: 'm-1',
        messages: [
          { role: 'user', content: 'first'.repeat(40) },
          { role: 'user', content: 'last'.repeat(10) },
        ],
      }),
    );
    const { attributes } = onlyCall(told);
    const written = JSON.parse(attributes['gen_ai.input.messages'] as string) as { parts: { content: string }[] }[];
    expect(written.map(({ parts }) => parts[0]?.content.length)).toEqual([61, 40]);
    expect((attributes['gen_ai.output.messages'] as string).length).toBeLessThan(220);
  });

  it('is what came, of an answer that was cut or left', async () => {
    const server = await serve([
      { text: ['Hel', 'lo'], after: 2, fault: 'reset' },
      { text: 'one two three', tokenDelay: 30 },
    ]);
    const client = clientOf('openai', server.url);
    const told = traced(client, { content: true });
    await collect(client.stream(request));
    await lastValueFrom(client.stream(request).pipe(take(2), toArray()));
    const texts = told.calls().map(({ attributes }) => JSON.parse(attributes['gen_ai.output.messages'] as string)[0]);
    expect(texts).toMatchObject([
      { parts: [{ content: 'Hello' }], finish_reason: 'error' },
      { parts: [{ content: expect.stringContaining('one') }] },
    ]);
  });
});

describe('metrics', () => {
  it('measure duration, time to first chunk and tokens, with the buckets of the conventions', async () => {
    const server = await serve([{ status: 503 }, { text: 'Hello', usage: { inputTokens: 9, outputTokens: 6 } }, { status: 400 }]);
    const client = clientOf('openai', server.url);
    const told = traced(client);
    await collect(client.stream(request));
    await collect(client.stream(request));
    const measured = await told.measured();
    const of = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'm-1' };
    expect(measured['gen_ai.client.operation.duration']).toMatchObject([
      { attributes: of, value: { count: 1 } },
      { attributes: { ...of, 'error.type': 'invalid-request' }, value: { count: 1 } },
    ]);
    expect(measured['gen_ai.client.operation.duration']?.[0]?.bounds).toEqual([
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ]);
    expect(measured['gen_ai.client.operation.time_to_first_chunk']).toMatchObject([{ attributes: of, value: { count: 1 } }]);
    expect(
      measured['gen_ai.client.token.usage']?.map(({ attributes, value }) => [
        attributes['gen_ai.token.type'],
        (value as { sum: number }).sum,
      ]),
    ).toEqual([
      ['input', 9],
      ['output', 6],
    ]);
    expect(measured['steadystream.client.attempts']).toMatchObject([{ value: 3 }]);
    expect(measured['steadystream.client.retries']).toMatchObject([{ attributes: { 'error.type': 'server-error' }, value: 1 }]);
  });

  it('count what a provider says, and no estimates; also what it says after a stop', async () => {
    const answer = { text: 'one two three four', tokenDelay: 5, usage: { inputTokens: 9, outputTokens: 6 } };
    const server = await serve(() => answer);
    const client = clientOf('openai', server.url);
    const told = traced(client);
    await lastValueFrom(client.stream(request).pipe(take(2), toArray()));
    expect((await told.measured())['gen_ai.client.token.usage'] ?? []).toEqual([]);
    const patient = clientOf('openai', server.url, { usageAfterStop: 5_000 });
    patient.lifecycle$.subscribe(told.telemetry);
    await lastValueFrom(patient.stream(request).pipe(take(2), toArray()));
    await vi.waitFor(async () =>
      expect((await told.measured())['gen_ai.client.token.usage']).toMatchObject([{ value: { sum: 9, count: 1 } }, { value: { sum: 6 } }]),
    );
  });

  it('have the new names, or both, as is asked', async () => {
    const server = await serve(() => ({ text: 'Hello', usage: { inputTokens: 9, outputTokens: 6 } }));
    const client = clientOf('openai', server.url);
    const told = traced(client, {
      names: {
        ...inferenceNames,
        durationMetric: ['gen_ai.client.operation.duration', 'gen_ai.client.inference.duration'],
        provider: ['gen_ai.provider.name', 'gen_ai.system'],
        requestSeed: false,
      },
    });
    await collect(client.stream({ ...request, seed: 1 }));
    const measured = await told.measured();
    expect(Object.keys(measured).sort()).toEqual([
      'gen_ai.client.inference.duration',
      'gen_ai.client.inference.operation.input_tokens',
      'gen_ai.client.inference.operation.output_tokens',
      'gen_ai.client.inference.time_to_first_chunk',
      'gen_ai.client.inference.usage.input_tokens',
      'gen_ai.client.inference.usage.output_tokens',
      'gen_ai.client.operation.duration',
      'steadystream.client.attempts',
    ]);
    expect(onlyCall(told).attributes).toMatchObject({ 'gen_ai.provider.name': 'openai', 'gen_ai.system': 'openai' });
    expect(onlyCall(told).attributes).not.toHaveProperty('gen_ai.request.seed');
  });

  it('have bounded providers: a fetch under an SDK names hosts, which may come from a user', async () => {
    const fetch = resilientFetch({ fetch: async () => Response.json({}) });
    const told = traced(fetch);
    for (let tenant = 0; tenant < 120; tenant++) await (await fetch(`https://tenant-${tenant}.example/v1/models`)).text();
    const { 'gen_ai.client.operation.duration': durations = [] } = await told.measured();
    expect(durations).toHaveLength(101);
    const rest = durations.find(({ attributes }) => attributes['gen_ai.provider.name'] === 'other');
    expect(rest?.value).toMatchObject({ count: 20 });
  });

  it('have bounded models', async () => {
    const server = await serve(() => ({ text: 'Hello' }));
    const client = clientOf('openai', server.url);
    const told = traced(client, { maxModels: 2 });
    for (const model of ['a', 'b', 'c', 'd', 'a']) await collect(client.stream({ ...request, model }));
    const { 'gen_ai.client.operation.duration': durations = [] } = await told.measured();
    expect(durations.map(({ attributes, value }) => [attributes['gen_ai.request.model'], (value as { count: number }).count])).toEqual([
      ['a', 2],
      ['b', 1],
      ['other', 2],
    ]);
  });

  it('tell of breakers', async () => {
    const server = await serve({ status: 503 });
    const client = clientOf('openai', server.url, {
      breakers: createCircuitBreakers({ consecutiveFailures: 1 }),
      retry: { maxAttempts: 1 },
    });
    const told = traced(client);
    await collect(client.stream(request));
    expect((await told.measured())['steadystream.client.breaker.changes']).toMatchObject([
      { attributes: { 'steadystream.breaker.state': 'open' }, value: 1 },
    ]);
  });

  it('and spans can each be left out', async () => {
    const server = await serve(() => ({ text: 'Hello' }));
    const client = clientOf('openai', server.url);
    const withoutSpans = traced(client, { tracer: false });
    const withoutMetrics = traced(client, { meter: false });
    await collect(client.stream(request));
    expect([withoutSpans.spans().length, withoutMetrics.spans().length]).toEqual([0, 1]);
    expect([Object.keys(await withoutSpans.measured()).length, Object.keys(await withoutMetrics.measured()).length]).toEqual([4, 0]);
  });
});

describe('the global providers', () => {
  afterAll(() => {
    trace.disable();
    metrics.disable();
  });

  it('are used, also those that are registered after the client was made and before the first call', async () => {
    const server = await serve({ text: 'Hello' });
    const client = clientOf('openai', server.url);
    client.lifecycle$.subscribe(openTelemetry());
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    const reader = new PeriodicExportingMetricReader({
      exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
      exportIntervalMillis: 3_600_000,
    });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    await collect(client.stream(request));
    expect(exporter.getFinishedSpans().map(({ name, instrumentationScope }) => [name, instrumentationScope.name])).toEqual([
      ['chat m-1', 'steadystream'],
    ]);
    const { resourceMetrics } = await reader.collect();
    expect(resourceMetrics.scopeMetrics.map(({ scope }) => scope.name)).toEqual(['steadystream']);
  });
});

describe('requests over a traced transport', () => {
  const parentOf = (header: unknown) => String(header).split('-')[2];

  it('are made below the span of their call, and whoever reads is where he was', async () => {
    const server = await serve([{ status: 503 }, { text: ['a', 'b'] }]);
    const told = traced(undefined, { attempts: true });
    const active: (string | undefined)[] = [];
    const instrumented = fetchTransport({
      fetch: (input: RequestInfo | URL, init?: RequestInit) => {
        active.push(trace.getActiveSpan()?.spanContext().spanId);
        return fetch(input, init);
      },
    } as never);
    const client = clientOf('openai', server.url, { transport: told.telemetry.transport(instrumented) });
    client.lifecycle$.subscribe(told.telemetry);
    const parent = told.tracer.startSpan('parent');
    const readers = new Set<unknown>();
    await context.with(trace.setSpan(context.active(), parent), () =>
      within(
        new Promise<void>((complete) => client.stream(request).subscribe({ next: () => readers.add(trace.getActiveSpan()), complete })),
      ),
    );
    const attempts = told.spans().filter(({ name }) => name === 'steadystream.attempt');
    expect(active).toEqual(attempts.map((each) => each.spanContext().spanId));
    expect([...readers]).toEqual([parent]);
    for (const { headers } of server.requests) expect(headers).not.toHaveProperty('traceparent');
  });

  it('carry the trace to the provider only where that is asked for', async () => {
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const server = await serve(() => ({ text: 'Hello' }));
    const told = traced(undefined);
    const client = clientOf('openai', server.url, { transport: told.telemetry.transport(undefined, { propagate: true }) });
    client.lifecycle$.subscribe(told.telemetry);
    expectText(await collect(client.stream(request)), 'Hello');
    propagation.disable();
    expect(parentOf(server.requests[0]?.headers.traceparent)).toBe(onlyCall(told).spanContext().spanId);
  });

  it('end at once when their reader leaves', async () => {
    const server = await serve({ text: 'x', repeat: 100_000, split: 65_536 });
    const told = traced(undefined);
    const client = clientOf('openai', server.url, { transport: told.telemetry.transport() });
    client.lifecycle$.subscribe(told.telemetry);
    const events: StreamEvent[] = [];
    await lastValueFrom(client.stream(request).pipe(take(3), toArray())).then((all) => events.push(...all));
    expect(events).toHaveLength(3);
    await expectAborted(server.requests[0]);
  });
});

describe('an observer that is done', () => {
  it('ends the spans of calls that still run when it is completed, and only once', async () => {
    const server = await serve({ text: 'one two', tokenDelay: 20 });
    const client = clientOf('openai', server.url);
    const told = traced(undefined, {});
    const stop$ = new Subject<void>();
    client.lifecycle$.pipe(takeUntil(stop$)).subscribe(told.telemetry);
    const ending = collect(client.stream(request));
    await server.request(0);
    stop$.next();
    expect(told.calls().map(({ attributes }) => attributes['steadystream.outcome'])).toEqual(['unknown']);
    expectText(await ending, 'one two');
    expect(told.calls()).toHaveLength(1);
  });

  it('gives up the oldest of too many calls', async () => {
    const server = await serve(() => ({ text: 'x', after: 'headers', fault: 'stall' }) as const);
    const client = clientOf('openai', server.url);
    const told = traced(client, { maxCalls: 2 });
    const running = Array.from({ length: 5 }, () => client.stream(request).subscribe());
    expect(told.calls().map(({ attributes }) => attributes['steadystream.outcome'])).toEqual(['unknown', 'unknown', 'unknown']);
    for (const each of running) each.unsubscribe();
    expect(told.calls().map(({ attributes }) => attributes['steadystream.outcome'])).toEqual([
      'unknown',
      'unknown',
      'unknown',
      'cancel',
      'cancel',
    ]);
  });
});

describe('options', () => {
  it('of a transport that are wrong throw at once too', () => {
    expect(() => openTelemetry().transport(undefined, { propagation: true } as never)).toThrow(/^transport: propagation is not an option$/);
  });

  const cases: readonly [object, RegExp][] = [
    [{ tracers: 1 }, /^openTelemetry: tracers is not an option$/],
    [{ tracer: {} }, /^openTelemetry: tracer must be a tracer/],
    [{ meter: true }, /^openTelemetry: meter must be a meter/],
    [{ names: { model: 'x' } }, /^openTelemetry: names.model is not an option$/],
    [{ names: { operation: 7 } }, /^openTelemetry: names.operation must be a name/],
    [{ maxContent: 0 }, /^openTelemetry: maxContent must be a whole number from 1$/],
    [{ content: 'yes' }, /^openTelemetry: content must be true or false$/],
  ];
  it.each(cases)('that are wrong throw at once, and are named: %j', (options, message) => {
    expect(() => openTelemetry(options as never)).toThrow(message);
  });
});
