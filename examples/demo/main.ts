import { concatMap, EMPTY, filter, from, fromEvent, lastValueFrom, map, share, toArray } from 'rxjs';
import { readArguments, usage } from './arguments.ts';
import { problemOf } from './endings.ts';
import { live } from './live.ts';
import { plain } from './plain.ts';
import { ask, rehearse } from './run.ts';

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2), process.env);
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const show = options.plain || !process.stderr.isTTY ? plain : live;
  let isInterrupted = false;
  const interrupt$ = fromEvent(process, 'SIGINT').pipe(share());
  interrupt$.subscribe(() => {
    isInterrupted = true;
  });

  const runs = options.real ? [ask(options.real)] : options.scenarios.map(rehearse);
  const problem$ = from(runs).pipe(
    concatMap((run) => (isInterrupted ? EMPTY : show(run, interrupt$).pipe(map((view) => problemOf(run, view))))),
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
