/**
 * What the client's pipeline costs for each event, in CPU time, bytes and timers, against a bare loop over the same in-memory stream.
 *
 *     npx tsx bench/pipeline.ts            all of it, in about ten minutes
 *     npx tsx bench/pipeline.ts --quick    fewer rounds
 *     npx tsx bench/pipeline.ts --only cpu|bytes|timers|projections|sdks
 */
import { parseArgs } from 'node:util';
import { type ContenderName, packagesOf } from './lib/contenders.ts';
import type { Job, Measured } from './lib/pipeline-worker.ts';
import { type Summary, summarize, table } from './lib/stats.ts';
import type { Cut, StreamSpec, Variety, Wire } from './lib/wire.ts';
import { ask, bundle, missing } from './lib/worker.ts';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } });

const bars = { cpu: 1.25, bytes: 1.12 };
const wires: readonly Wire[] = ['openai', 'anthropic'];
const varieties: readonly Variety[] = ['identical', 'words', 'noise', 'nested'];
const cuts: readonly Cut[] = ['16 KiB', 'event'];
const long = 100_000;
const short = 60;

const worker = await bundle(new URL('./lib/pipeline-worker.ts', import.meta.url));

/** Neither collected nor grown while a measurement runs: half a gigabyte for what is new. */
const noCollection = ['--max-semi-space-size=512', '--min-semi-space-size=512'];

const rounds = (full: number): number => (options.quick ? Math.ceil(full / 3) : full);

async function cpu(spec: StreamSpec, contenders: readonly ContenderName[], full = 15): Promise<Measured> {
  const isShort = spec.events === short;
  const job: Job = {
    kind: 'cpu',
    spec,
    contenders,
    streams: streamsOf(spec.events),
    rounds: rounds(isShort ? full * 2 : full),
    warmUps: isShort ? 12 : 2,
  };
  return ask<Measured>(worker, job);
}

/** How many streams a round reads: many that are short, and of the middling ones enough for a median. */
function streamsOf(events: number): number {
  if (events === short) return 300;
  return events === long ? 1 : 10;
}

async function bytes(spec: StreamSpec, contenders: readonly ContenderName[]): Promise<Measured> {
  const job: Job = {
    kind: 'bytes',
    spec,
    contenders,
    streams: streamsOf(spec.events),
    rounds: rounds(5),
    warmUps: spec.events === long ? 2 : 20,
  };
  return ask<Measured>(worker, job, noCollection);
}

/** Each round of a contender over the mean of the two rounds of L1 beside it. */
function ratios(measured: Measured, names: readonly ContenderName[], name: ContenderName): Summary {
  const loop = measured.L1 ?? [];
  const at = names.indexOf(name);
  const each = (measured[name] ?? []).map((value, round) => {
    const first = round * (names.length + 1) + at;
    return (2 * value) / ((loop[first] ?? 0) + (loop[first + 1] ?? 0));
  });
  return summarize(each);
}

function sanity(measured: Measured): Summary {
  const loop = measured.L1 ?? [];
  return summarize(loop.slice(1).map((value, index) => value / (loop[index] ?? 0)));
}

const show = ({ median, low, high }: Summary): string => `${median.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
const verdict = (value: number, bar: number): string => (value <= bar ? `pass, at most ${bar}` : `FAIL, over ${bar}`);
const lengthOf = (events: number): string => (events === short ? '60 events' : 'long');
const micro = (measured: Measured, name: string): string => summarize(measured[name] ?? []).median.toFixed(3);
const whole = (measured: Measured, name: string): string => summarize(measured[name] ?? []).median.toFixed(0);

async function reportCpu(): Promise<void> {
  const rows = [['CPU time, subscribe()', 'us/event L1', 'L1/L1', 'pipeline/L1', '']];
  for (const events of [long, short]) {
    for (const cut of cuts) {
      for (const wire of wires) {
        for (const variety of varieties) {
          const measured = await cpu({ wire, variety, cut, events }, ['subscribe']);
          const ratio = ratios(measured, ['subscribe'], 'subscribe');
          const isJudged = events === long && cut === '16 KiB' && variety !== 'noise';
          rows.push([
            `${wire}, ${lengthOf(events)}, ${cut}, ${variety}`,
            micro(measured, 'L1'),
            show(sanity(measured)),
            show(ratio),
            isJudged ? verdict(ratio.median, bars.cpu) : '',
          ]);
          progress(rows);
        }
      }
    }
  }
  print(rows);
}

async function reportBytes(): Promise<void> {
  const rows = [['Bytes allocated, subscribe()', 'bytes/event L1', 'pipeline', 'pipeline/L1', '']];
  for (const events of [long, short]) {
    for (const cut of cuts) {
      for (const wire of wires) {
        for (const variety of varieties) {
          const measured = await bytes({ wire, variety, cut, events }, ['subscribe']);
          const ratio = ratios(measured, ['subscribe'], 'subscribe');
          const isJudged = events === long && cut === '16 KiB' && variety !== 'noise';
          rows.push([
            `${wire}, ${lengthOf(events)}, ${cut}, ${variety}`,
            whole(measured, 'L1'),
            whole(measured, 'subscribe'),
            show(ratio),
            isJudged ? verdict(ratio.median, bars.bytes) : '',
          ]);
          progress(rows);
        }
      }
    }
  }
  print(rows);
}

async function reportTimers(): Promise<void> {
  const rows = [['Timers created', 'L1', 'pipeline, a stream', 'an event']];
  for (const wire of wires) {
    for (const events of [long, short]) {
      for (const cut of cuts) {
        const spec: StreamSpec = { wire, variety: 'words', cut, events };
        const measured = await ask<Measured>(worker, {
          kind: 'timers',
          spec,
          contenders: ['subscribe'],
          streams: 1,
          rounds: 3,
          warmUps: 2,
        });
        const each = summarize(measured.subscribe ?? []).median;
        const ofLoop = summarize(measured.L1 ?? []).median * events;
        rows.push([`${wire}, ${lengthOf(events)}, ${cut}`, ofLoop.toFixed(0), (each * events).toFixed(0), each.toFixed(5)]);
      }
    }
  }
  print(rows);
}

async function reportProjections(): Promise<void> {
  const names: readonly ContenderName[] = ['subscribe', 'textDeltas', 'accumulate', 'viewState', 'for await'];
  const rows = [['Through a projection, long, words', 'CPU/L1', 'bytes/L1']];
  for (const wire of wires) {
    for (const cut of cuts) {
      const spec: StreamSpec = { wire, variety: 'words', cut, events: long };
      const time = await cpu(spec, names, 9);
      const space = await bytes(spec, names);
      for (const name of names) rows.push([`${wire}, ${cut}, ${name}`, show(ratios(time, names, name)), show(ratios(space, names, name))]);
      progress(rows);
    }
  }
  print(rows);
}

async function reportSdks(): Promise<void> {
  const rows = [['Beside it, words', 'CPU/L1', 'bytes/L1', 'bytes/event']];
  const all: readonly (readonly [Wire, ContenderName])[] = [
    ['openai', 'openai SDK'],
    ['openai', 'AI SDK'],
    ['anthropic', 'anthropic SDK'],
  ];
  for (const [wire, name] of all) {
    const absent = missing(packagesOf[name] ?? []);
    if (absent.length > 0) {
      rows.push([`${wire}, ${name}`, `skipped: ${absent.join(', ')} not installed (npm install --prefix bench)`, '', '']);
      continue;
    }
    for (const events of [long, short]) {
      for (const cut of cuts) {
        const spec: StreamSpec = { wire, variety: 'words', cut, events };
        const time = await cpu(spec, [name], 5);
        // Shorter: some of these allocate 50 KB an event, and beside the heap, and a collection would spoil the count.
        const space = await bytes({ ...spec, events: Math.min(events, 500) }, [name]);
        rows.push([
          `${wire}, ${lengthOf(events)}, ${cut}, ${name}`,
          show(ratios(time, [name], name)),
          show(ratios(space, [name], name)),
          whole(space, name),
        ]);
        progress(rows);
      }
    }
  }
  print(rows);
}

function progress(rows: readonly (readonly string[])[]): void {
  process.stderr.write(`  ${rows.at(-1)?.join('  ')}\n`);
}

function print(rows: readonly (readonly string[])[]): void {
  process.stdout.write(`\n${table(rows)}\n`);
}

const reports = { cpu: reportCpu, bytes: reportBytes, timers: reportTimers, projections: reportProjections, sdks: reportSdks };
for (const [name, report] of Object.entries(reports)) if (options.only === undefined || options.only === name) await report();
