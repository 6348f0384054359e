import type { Tracer } from '@opentelemetry/api';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { LifecycleEvent } from '../../src/index.ts';
import { logLifecycle } from '../../src/log-lifecycle.ts';
import { openTelemetry } from '../../src/telemetry/opentelemetry.ts';
import { prometheus } from '../../src/telemetry/prometheus.ts';
import { RunningCalls } from '../../src/telemetry/running-calls.ts';
import { clientOf, collect, request, serve } from '../integration/support.ts';
import { traced } from './support.ts';

/** Calls whose end is never told. */
function beginnings(calls: number): LifecycleEvent[] {
  const target = { provider: 'openai', model: 'm-1', attempt: 0, elapsedMs: 0 };
  return Array.from({ length: calls }, (_, call) => ({
    type: 'begin',
    request,
    requestId: `req_${call}`,
    callId: `call ${call}`,
    ...target,
  }));
}

describe('calls whose end is never told', () => {
  it('keep no more spans open than there may be', () => {
    const told = traced(undefined, { maxCalls: 100 });
    for (const event of beginnings(3_000)) told.telemetry.next(event);
    expect(told.calls()).toHaveLength(2_900);
    told.telemetry.complete();
    expect(told.calls()).toHaveLength(3_000);
    expect(told.failures).toEqual([]);
  });

  it('are not counted as running for ever', async () => {
    const registry = new Registry();
    const metrics = prometheus({ registry, maxCalls: 100 });
    for (const event of beginnings(3_000)) metrics.next(event);
    expect(await registry.metrics()).toContain('steadystream_calls_running 100\n');
    metrics.complete();
    expect(await registry.metrics()).toContain('steadystream_calls_running 0\n');
  });

  it('that are forgotten are no reason for more lines than one a call', () => {
    const lines: string[] = [];
    const write = (_facts: object, message: string) => lines.push(message);
    const log = logLifecycle({ debug: write, info: write, warn: write, error: write });
    const [first, ...others] = beginnings(10_001);
    for (const event of [first as LifecycleEvent, ...others]) log.next(event);
    const late = { ...(first as Extract<LifecycleEvent, { type: 'begin' }>) };
    for (let step = 0; step < 200; step++) log.next({ ...late, type: 'cooldown', waitMs: 1 });
    log.next({ ...late, type: 'cancel', partial: () => undefined });
    expect(lines).toEqual(['steadystream cancel']);
  });
});

describe('calls that have ended', () => {
  it('leave nothing behind that would be ended again', async () => {
    const server = await serve(() => ({ text: 'Hello' }));
    const client = clientOf('openai', server.url);
    const told = traced(undefined);
    const ends: number[] = [];
    const tracer: Tracer = {
      startActiveSpan: told.tracer.startActiveSpan.bind(told.tracer) as never,
      startSpan: (...args) => {
        const span = told.tracer.startSpan(...args);
        const index = ends.push(0) - 1;
        const end = span.end.bind(span);
        span.end = () => {
          ends[index] = (ends[index] ?? 0) + 1;
          end();
        };
        return span;
      },
    };
    const telemetry = openTelemetry({ tracer, meter: false, maxCalls: 1 });
    client.lifecycle$.subscribe(telemetry);
    for (let call = 0; call < 4; call++) await collect(client.stream(request));
    telemetry.complete();
    expect(ends).toEqual([1, 1, 1, 1]);
  });

  it('are no longer kept', () => {
    const given: string[] = [];
    const calls = new RunningCalls<string>(2, (call) => given.push(call));
    for (const call of ['a', 'b', 'c']) calls.set(call, call);
    expect([calls.take('b'), calls.take('b'), calls.get('a'), calls.size]).toEqual(['b', undefined, undefined, 1]);
    calls.clear();
    expect([given, calls.size]).toEqual([['a', 'c'], 0]);
  });
});
