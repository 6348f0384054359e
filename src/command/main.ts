#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { fromEvent, lastValueFrom, share, tap } from 'rxjs';
import { noOutput, textOutput } from './answer-output.ts';
import { readArguments, usage } from './arguments.ts';
import { ask, clientFor } from './ask.ts';
import { exitStatus, exitStatusOf, saidText } from './exit-status.ts';
import { writeJsonLine } from './json-lines.ts';
import { live } from './live.ts';
import { plain } from './plain.ts';

async function main(): Promise<number> {
  const { stdin, stdout, stderr, env } = process;
  const options = readArguments(process.argv.slice(2), env, !stdin.isTTY);
  if (options === 'help') {
    stdout.write(usage);
    return exitStatus.complete;
  }
  const prompt = options.prompt ?? (await text(stdin)).trim();
  if (prompt === '') throw new Error('the prompt is empty: put it last, in quotes, or pipe it in');
  const call = { ...options, prompt };
  const client = clientFor(call, env);

  const isLive = !options.plain && stderr.isTTY;
  // Whoever sees the lanes on the same terminal has the answer before their eyes.
  const output = options.json || (isLive && stdout.isTTY) ? noOutput : textOutput(stdout);
  const interrupt$ = fromEvent(process, 'SIGINT').pipe(share());
  let isInterrupted = false;
  const run = ask(call, client, options.json ? writeJsonLine : undefined);
  const view = await lastValueFrom((isLive ? live : plain)(run, interrupt$.pipe(tap(() => (isInterrupted = true))), output));

  const { error } = view.lanes.at(-1) ?? {};
  if (isInterrupted) stderr.write(`steadystream: interrupted; ${saidText(view.lanes).length} characters were said\n`);
  else if (error) stderr.write(`steadystream: ${error.message}\n`);
  if (options.json && error) writeJsonLine({ type: 'error', error });
  return isInterrupted ? exitStatus.interrupted : exitStatusOf(view);
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A pipe that is closed early (`| head -1`) has what it wanted.
  if (error.code === 'EPIPE') process.exit(exitStatus.complete);
  process.stderr.write(`steadystream: the answer could not be written: ${error.message}\n`);
  process.exit(exitStatus.partial);
});
// Whoever does not read what happens still wants the answer.
process.stderr.on('error', () => undefined);

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.stderr.write(`steadystream: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = exitStatus.usage;
  },
);
