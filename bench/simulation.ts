/**
 * The closed loop: the client with every default, in virtual time, against a provider in trouble; beside doing nothing, a plain retry,
 * cockatiel and opossum.
 *
 *     npx tsx bench/simulation.ts                       all scenarios, in about three minutes
 *     npx tsx bench/simulation.ts outage hang           some of them
 *     npx tsx bench/simulation.ts --only steadystream   one contender
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { table } from './lib/stats.ts';
import { ask, bundle } from './lib/worker.ts';
import { contenderNames } from './simulation/contender-names.ts';
import { scenarios } from './simulation/scenarios.ts';
import type { Answer, Job } from './simulation/worker.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const chosen = positionals.length > 0 ? positionals : Object.keys(scenarios);
const unknown = chosen.filter((name) => !(name in scenarios));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}; there are ${Object.keys(scenarios).join(', ')}\n`);
  process.exit(1);
}

const began = Date.now();
const worker = await bundle(new URL('./simulation/worker.ts', import.meta.url));
const jobs: Job[] = chosen.flatMap((scenario) => {
  const { cells } = scenarios[scenario] as (typeof scenarios)[string];
  return cells.flatMap(({ isCompared }, cell) =>
    contenderNames
      .filter((name) => (options.only ? name === options.only : isCompared || name === 'steadystream'))
      .map((contender) => ({ scenario, cell, contender })),
  );
});

const answers = new Map<Job, Promise<Answer>>();
const queue = [...jobs];
const resolvers = new Map<Job, (answer: Answer) => void>();
for (const job of jobs) answers.set(job, new Promise((resolve) => resolvers.set(job, resolve)));
for (let process = 0; process < availableParallelism(); process++) void work();

async function work(): Promise<void> {
  for (let job = queue.shift(); job; job = queue.shift())
    resolvers.get(job)?.(await ask<Answer>(worker, job, ['--max-semi-space-size=64']));
}

const skipped = new Set<string>();
for (const name of chosen) {
  const { title, claim, cells, columns } = scenarios[name] as (typeof scenarios)[string];
  const rows = [['', 'load', ...columns.map(({ head }) => head)]];
  let tookMs = 0;
  for (const job of jobs.filter(({ scenario }) => scenario === name)) {
    const answer = (await answers.get(job)) as Answer;
    if ('skipped' in answer) {
      skipped.add(answer.skipped);
      continue;
    }
    const { rate, processes, label } = cells[job.cell] as (typeof cells)[number];
    tookMs += answer.tookMs;
    const load = [label, rate > 0 ? `${rate}/s` : '', processes > 1 ? `${processes} processes` : ''].filter(Boolean).join(', ');
    rows.push([job.contender, load, ...columns.map(({ of }) => of(answer.runs))]);
  }
  process.stdout.write(`\n${title} (${name}, ${(tookMs / 1_000).toFixed(1)} s)\npolicies.md: ${claim}\n\n${table(rows)}\n`);
}
for (const reason of skipped) process.stdout.write(`skipped: ${reason}\n`);
process.stdout.write(`\n${((Date.now() - began) / 1_000).toFixed(0)} s\n`);
