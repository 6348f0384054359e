import type { ContenderName } from './contender-names.ts';
import { contender } from './contenders.ts';
import { play, type Report } from './run.ts';
import { runsOf, type Scenario, scenarios } from './scenarios.ts';

/** A line of a table: one cell of a scenario, played by one contender. */
export interface Job {
  readonly scenario: string;
  readonly cell: number;
  readonly contender: ContenderName;
}

/** The runs of a job, or why there are none. */
export type Answer = { readonly runs: readonly Report[]; readonly tookMs: number } | { readonly skipped: string };

// A trace of the stack would be most of what an error costs, and nobody reads it.
Error.stackTraceLimit = 0;

const job = JSON.parse(process.argv[2] ?? '') as Job;
process.stdout.write(JSON.stringify(await answer(job)));

async function answer({ scenario: name, cell, contender: player }: Job): Promise<Answer> {
  const began = process.hrtime.bigint();
  const scenario = scenarios[name] as Scenario;
  const load = scenario.cells[cell] as Scenario['cells'][number];
  const made = contender(player);
  if (typeof made === 'string') return { skipped: made };
  const runs: Report[] = [];
  for (let seed = 0; seed < runsOf(scenario, load); seed++) runs.push(await play(scenario.plan(load, seed), made));
  return { runs, tookMs: Number(process.hrtime.bigint() - began) / 1e6 };
}
