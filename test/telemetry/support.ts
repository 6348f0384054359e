import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Client } from '../../src/index.ts';
import { type OpenTelemetryOptions, openTelemetry } from '../../src/telemetry/opentelemetry.ts';

export { context, SpanStatusCode, trace };

/** Contexts follow asynchronous code in this file. */
export function followContexts(): void {
  const manager = new AsyncLocalStorageContextManager();
  beforeAll(() => {
    context.setGlobalContextManager(manager.enable());
  });
  afterAll(() => {
    context.disable();
  });
}

export interface Traced {
  readonly exporter: InMemorySpanExporter;
  readonly tracer: ReturnType<BasicTracerProvider['getTracer']>;
  readonly spans: () => ReadableSpan[];
  /** The spans of calls. */
  readonly calls: () => ReadableSpan[];
  /** What the instruments hold: by name, attributes and value. */
  readonly measured: () => Promise<Measured>;
  readonly failures: unknown[];
  readonly telemetry: ReturnType<typeof openTelemetry>;
}

export type Measured = Record<
  string,
  { readonly attributes: Record<string, unknown>; readonly value: unknown; readonly bounds?: number[] }[]
>;

/** The real SDK, in memory. */
export function traced(client: Pick<Client, 'lifecycle$'> | undefined, options: OpenTelemetryOptions = {}): Traced {
  const exporter = new InMemorySpanExporter();
  const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer('test');
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  const failures: unknown[] = [];
  const telemetry = openTelemetry({ tracer, meter, onError: (error) => failures.push(error), ...options });
  client?.lifecycle$.subscribe(telemetry);
  const spans = () => exporter.getFinishedSpans();
  const measured = async (): Promise<Measured> => {
    const { resourceMetrics } = await reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    return Object.fromEntries(
      all.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ attributes, value }) => ({
          attributes,
          value,
          bounds: (value as { buckets?: { boundaries: number[] } }).buckets?.boundaries,
        })),
      ]),
    ) as Measured;
  };
  return { exporter, tracer, telemetry, failures, spans, measured, calls: () => spans().filter(({ kind }) => kind === 2) };
}

/** The one span of the one call. */
export function onlyCall(of: Traced): ReadableSpan {
  const calls = of.calls();
  expect(calls).toHaveLength(1);
  expect(of.failures).toEqual([]);
  return calls[0] as ReadableSpan;
}

export function eventsOn(span: ReadableSpan): string[] {
  return span.events.map(({ name }) => name);
}
