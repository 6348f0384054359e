import { finalize, last, map, type Observable, tap } from 'rxjs';
import type { Happening, Run } from './run.ts';
import { callNumber, type Lane, type Step, steps, type View } from './view.ts';
import { failureOf, paceOf, remainsOf, seconds } from './wording.ts';

/** Shows a run line by line on stderr, its answers on stdout as they come. Emits the last view. */
export function plain(run: Run, interrupt$: Observable<unknown>): Observable<View> {
  let isWithinLine = false;
  const endLine = (): void => {
    if (isWithinLine) process.stdout.write('\n');
    isWithinLine = false;
  };
  return steps(run, interrupt$).pipe(
    tap((step) => {
      const { happening } = step;
      if (happening?.type === 'text-delta' || happening?.type === 'refusal-delta') {
        process.stdout.write(happening.text);
        isWithinLine = true;
        return;
      }
      const line = lineOf(step);
      if (line === undefined) return;
      endLine();
      process.stderr.write(`${line}\n`);
    }),
    finalize(endLine),
    last(),
    map(({ view }) => view),
  );
}

function lineOf({ happening, view }: Step): string | undefined {
  if (happening === undefined) return `\n${view.title}: ${view.about}`;
  const words = wordsOf(happening, view.lanes.at(-1));
  if (words === undefined) return undefined;
  const call = view.isSeries && 'requestId' in happening ? `call ${callNumber(view, happening.requestId)}` : '';
  const time = 'elapsedMs' in happening ? seconds(happening.elapsedMs) : '';
  return `${view.isSeries ? call.padEnd(8) : ''}${time.padStart(6)}  ${words}`;
}

function wordsOf(happening: Happening, lane: Lane | undefined): string | undefined {
  switch (happening.type) {
    case 'breaker': {
      const { from, to, reason, openForMs } = happening;
      return `breaker ${from} -> ${to}: ${reason}${openForMs === undefined ? '' : `, for ${seconds(openForMs)}`}`;
    }
    case 'attempt':
      return `attempt ${happening.attempt}`;
    case 'first-content':
      return 'first content';
    case 'retry':
      return `${failureOf(happening.error)}; next attempt in ${seconds(happening.delayMs)}`;
    case 'error':
      return ['failed: ', failureOf(happening.error), '; ', remainsOf(happening.error)].join('');
    case 'finish':
      return lane && paceOf(lane, lane.begunAt);
    case 'cancel':
      return 'cancelled';
    default:
      return undefined;
  }
}
