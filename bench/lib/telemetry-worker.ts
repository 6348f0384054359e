import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import pino from 'pino';
import { Registry } from 'prom-client';
import type { Observer } from 'rxjs';
import { type Client, createClient, fetchTransport, type LifecycleEvent, openai, type Transport } from '../../src/index.ts';
import { logLifecycle } from '../../src/log-lifecycle.ts';
import { openTelemetry } from '../../src/telemetry/opentelemetry.ts';
import { prometheus } from '../../src/telemetry/prometheus.ts';
import { chunksOf, respond } from './wire.ts';

/** Who observes the lifecycle. */
export type TelemetryName =
  | 'nothing'
  | 'a listener'
  | 'openTelemetry'
  | 'openTelemetry, attempts'
  | 'openTelemetry, transport'
  | 'prometheus'
  | 'logLifecycle, info'
  | 'all of them';

/** One measurement, made in a process of its own. */
export interface TelemetryJob {
  readonly name: TelemetryName;
  readonly events: number;
  /** Streams of one half of a round. */
  readonly streams: number;
  readonly rounds: number;
}

/** Microseconds of each round: without, and with. */
export interface TelemetryMeasured {
  readonly pairs: readonly (readonly [without: number, withIt: number])[];
}

const job = JSON.parse(process.argv[2] ?? '') as TelemetryJob;
const chunks = chunksOf({ wire: 'openai', variety: 'words', cut: 'event', events: job.events });
const dropped: SpanProcessor = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
const tracer = new BasicTracerProvider({ spanProcessors: [dropped] }).getTracer('bench');
const meter = new MeterProvider().getMeter('bench');
const logger = pino({ level: 'info' }, { write: () => {} });
const transport = fetchTransport({ fetch: async () => respond(chunks) });

function observed(name: TelemetryName): Client {
  const telemetry = openTelemetry({ tracer, meter, attempts: name !== 'openTelemetry' });
  const observers: Record<TelemetryName, readonly Observer<LifecycleEvent>[]> = {
    nothing: [],
    'a listener': [{ next: () => {}, error: () => {}, complete: () => {} }],
    openTelemetry: [telemetry],
    'openTelemetry, attempts': [telemetry],
    'openTelemetry, transport': [telemetry],
    prometheus: [prometheus({ registry: new Registry() })],
    'logLifecycle, info': [logLifecycle(logger)],
    'all of them': [telemetry, prometheus({ registry: new Registry() }), logLifecycle(logger)],
  };
  const over: Transport = name === 'openTelemetry, transport' ? telemetry.transport(transport) : transport;
  const client = createClient({ provider: openai({ apiKey: 'sk-bench-0123456789' }), transport: over });
  for (const observer of observers[name]) client.lifecycle$.subscribe(observer);
  return client;
}

async function read(client: Client): Promise<number> {
  const before = process.cpuUsage();
  for (let stream = 0; stream < job.streams; stream++) {
    await new Promise<void>((resolve, reject) => {
      let count = 0;
      client.stream({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Say hello, often.' }] }).subscribe({
        next: ({ type }) => {
          if (type === 'text-delta') count++;
        },
        error: reject,
        complete: () => (count === job.events ? resolve() : reject(new Error(`${count} of ${job.events} events`))),
      });
    });
  }
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const [without, withIt] = [observed('nothing'), observed(job.name)];
const pairs: [number, number][] = [];
for (let round = -5; round < job.rounds; round++) {
  // In turn first, so that neither always comes after the other.
  const isFirst = round % 2 === 0;
  const first = await read(isFirst ? without : withIt);
  const second = await read(isFirst ? withIt : without);
  if (round >= 0) pairs.push(isFirst ? [first, second] : [second, first]);
}
process.stdout.write(JSON.stringify({ pairs } satisfies TelemetryMeasured));
