/**
 * What telemetry costs: the CPU time of a stream with an observer of the lifecycle, over that of the same stream without, in pairs, the median of the rounds.
 *
 *     npx tsx bench/telemetry.ts            in about two minutes
 *     npx tsx bench/telemetry.ts --quick
 *
 * Spans are made by the real SDK, sampled, and dropped by their processor: what an exporter costs is the exporter's.
 */
import { parseArgs } from 'node:util';
import { summarize, table } from './lib/stats.ts';
import type { TelemetryJob, TelemetryMeasured, TelemetryName } from './lib/telemetry-worker.ts';
import { ask, bundle } from './lib/worker.ts';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const rounds = options.quick ? 15 : 45;
const worker = await bundle(new URL('./lib/telemetry-worker.ts', import.meta.url));

const names: readonly TelemetryName[] = [
  'nothing',
  'a listener',
  'openTelemetry',
  'openTelemetry, attempts',
  'openTelemetry, transport',
  'prometheus',
  'logLifecycle, info',
  'all of them',
];
const sizes = [
  { events: 60, streams: 200 },
  { events: 1_000, streams: 20 },
];

const rows = [
  [
    'CPU time over that without',
    ...sizes.map(({ events }) => `${events} events`),
    ...sizes.map(({ events }) => `events/s, ${events}`),
    'us a call',
  ],
];
for (const name of names) {
  const measured = [];
  for (const size of sizes) measured.push(await ask<TelemetryMeasured>(worker, { ...size, name, rounds } satisfies TelemetryJob));
  const ratios = measured.map(({ pairs }) => summarize(pairs.map(([without, withIt]) => withIt / without)));
  const rates = measured.map(
    ({ pairs }, index) =>
      1e6 / (summarize(pairs.map(([, withIt]) => withIt)).median / ((sizes[index]?.events ?? 0) * (sizes[index]?.streams ?? 0))),
  );
  const [short] = measured;
  const perCall = summarize((short?.pairs ?? []).map(([without, withIt]) => (withIt - without) / (sizes[0]?.streams ?? 1))).median;
  rows.push([
    name,
    ...ratios.map(({ median, low, high }) => `${median.toFixed(3)} (${low.toFixed(2)}-${high.toFixed(2)})`),
    ...rates.map((rate) => rate.toFixed(0)),
    perCall.toFixed(1),
  ]);
  process.stderr.write(`${name}\n`);
}
process.stdout.write(`\n${table(rows)}\n`);
