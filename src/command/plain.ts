import { finalize, last, map, type Observable, tap } from 'rxjs';
import type { AnswerOutput } from './answer-output.ts';
import type { Happening, Run } from './run.ts';
import { callNumber, type Lane, type Step, steps, type View } from './view.ts';
import { failureOf, paceOf, remainsOf, seconds } from './wording.ts';

/** Shows a run line by line on stderr, its answers on `output` as they come. Emits the last view. */
export function plain(run: Run, interrupt$: Observable<unknown>, output: AnswerOutput): Observable<View> {
  return steps(run, interrupt$).pipe(
    tap((step) => {
      const { happening } = step;
      if (happening?.type === 'text-delta' || happening?.type === 'refusal-delta') return output.write(happening.text);
      const line = lineOf(step);
      if (line === undefined) return;
      output.endLine();
      process.stderr.write(`${line}\n`);
    }),
    finalize(() => output.endLine()),
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
    case 'recovery':
      return `${failureOf(happening.error)}; the answer goes on (${happening.verb}) in ${seconds(happening.delayMs)}`;
    case 'cooldown':
      return `waits ${seconds(happening.waitMs)} for its turn: the provider asked for a pause`;
    case 'fallback':
      return `${failureOf(happening.error)}; ${happening.to.provider} ${happening.to.model} takes over`;
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
