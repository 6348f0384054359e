/**
 * What the policies and operators cost, each alone: `npx tsx bench/policies.ts`.
 *
 * Each table is made in one process of its own; what is compared alternates round by round, and the median counts.
 */

import type { PolicyReport } from './lib/policies-worker.ts';
import { type Summary, summarize, table } from './lib/stats.ts';
import { ask, bundle, missing } from './lib/worker.ts';

const worker = await bundle(new URL('./lib/policies-worker.ts', import.meta.url));

const format = ({ median, low, high }: Summary): string => {
  const digits = median < 10 ? 1 : 0;
  return `${median.toFixed(digits)} (${low.toFixed(digits)}-${high.toFixed(digits)})`;
};

const absent = missing(['cockatiel', 'opossum']);
for (const suite of ['breaker', 'timeout', 'ring', 'classify', 'iterable'] as const) {
  const report = await ask<PolicyReport>(worker, { suite, contenders: suite === 'breaker' && absent.length === 0 });
  const rows = [[report.title, 'ns']];
  for (const [name, values] of Object.entries(report.nanoseconds)) rows.push([name, format(summarize(values))]);
  process.stdout.write(`\n${table(rows)}\n`);
  for (const note of report.notes) process.stdout.write(`${note}\n`);
  if (suite === 'breaker' && absent.length > 0) {
    process.stdout.write(`skipped: ${absent.join(', ')} not installed (npm install --prefix bench)\n`);
  }
}
