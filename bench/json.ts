/**
 * What it costs to read JSON as it grows, in deltas of four characters, and how that cost grows with the text.
 *
 *     npx tsx bench/json.ts
 *
 * Each row is made in a process of its own; the median of the rounds counts. The exponent is the slope of the cost over the size, both as logarithms:
 * 1 is linear, 2 quadratic. The SDKs parse all of the text again at each delta, and get no further than 30 KB.
 */
import type { JsonContender, JsonJob, JsonMeasured, JsonShape } from './lib/json-worker.ts';
import { summarize, table } from './lib/stats.ts';
import { ask, bundle, missing } from './lib/worker.ts';

const worker = await bundle(new URL('./lib/json-worker.ts', import.meta.url));

const bar = 1.1;
const sizes = [1_000, 10_000, 100_000, 1_000_000];
const few = [1_000, 3_000, 10_000, 30_000];
const columns = [...new Set([...sizes, ...few])].sort((a, b) => a - b);

const rows: readonly { readonly contender: JsonContender; readonly shape: JsonShape; readonly needs?: string }[] = [
  { contender: 'json()', shape: 'records' },
  { contender: 'json()', shape: 'numbers' },
  { contender: 'json()', shape: 'members' },
  { contender: 'json()', shape: 'string' },
  { contender: 'elements()', shape: 'records' },
  { contender: 'accumulate()', shape: 'records' },
  { contender: 'JSON.parse, once', shape: 'records' },
  { contender: 'AI SDK parsePartialJson', shape: 'records', needs: 'ai' },
  { contender: 'OpenAI partial-json-parser', shape: 'records', needs: 'openai' },
];

/** The slope of a line through points, by least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(points.map(([value]) => value));
  const y = mean(points.map(([, value]) => value));
  const above = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return above / points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

const sizeName = (size: number): string => (size < 1_000_000 ? `${size / 1_000} KB` : `${size / 1_000_000} MB`);
const report = [['CPU, ms', ...columns.map(sizeName), 'values a delta', 'exponent', '']];
for (const { contender, shape, needs } of rows) {
  const name = `${contender}, ${shape}`;
  if (needs && missing([needs]).length > 0) {
    report.push([name, ...columns.map(() => ''), '', '', `skipped: ${needs} is not installed (npm install --prefix bench)`]);
    continue;
  }
  const job: JsonJob = { contender, shape, sizes: needs ? few : sizes };
  const measured = await ask<JsonMeasured>(worker, job);
  const medians = measured.sizes.map(({ milliseconds }) => summarize(milliseconds).median);
  const cells = columns.map((size) => medians[job.sizes.indexOf(size)]?.toPrecision(3) ?? '');
  const exponent = slope(measured.sizes.map(({ characters }, index) => [Math.log(characters), Math.log(medians[index] ?? 0)]));
  const last = measured.sizes.at(-1);
  const shown = last ? (last.values / last.deltas).toPrecision(2) : '';
  const verdict = contender === 'json()' ? (exponent <= bar ? `pass, at most ${bar}` : `FAIL, over ${bar}`) : '';
  report.push([name, ...cells, shown, exponent.toFixed(2), verdict]);
  process.stderr.write(`${name}\n`);
}
process.stdout.write(`\n${table(report)}\n`);
