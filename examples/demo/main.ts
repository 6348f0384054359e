import { concatMap, EMPTY, filter, from, fromEvent, lastValueFrom, map, share, toArray } from 'rxjs';
import { noOutput, textOutput } from '../../src/command/answer-output.ts';
import { ask, clientFor } from '../../src/command/ask.ts';
import { live } from '../../src/command/live.ts';
import { plain } from '../../src/command/plain.ts';
import { readArguments, usage } from './arguments.ts';
import { problemOf } from './endings.ts';
import { rehearse } from './run.ts';

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2), process.env);
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const isLive = !options.plain && process.stderr.isTTY;
  const show = isLive ? live : plain;
  const output = isLive && process.stdout.isTTY ? noOutput : textOutput(process.stdout);
  let isInterrupted = false;
  const interrupt$ = fromEvent(process, 'SIGINT').pipe(share());
  interrupt$.subscribe(() => {
    isInterrupted = true;
  });

  const { real } = options;
  const runs = real ? [ask(real, clientFor(real, process.env))] : options.scenarios.map(rehearse);
  const problem$ = from(runs).pipe(
    concatMap((run) => (isInterrupted ? EMPTY : show(run, interrupt$, output).pipe(map((view) => problemOf(run, view))))),
    filter((problem) => problem !== undefined),
  );
  const problems = await lastValueFrom(problem$.pipe(toArray()));
  if (isInterrupted) return 130;
  for (const problem of problems) process.stderr.write(`demo: ${problem}\n`);
  return problems.length > 0 ? 1 : 0;
}

// A pipe that is closed early (`| head -1`) has what it wanted.
process.stdout.on('error', () => process.exit(0));

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
