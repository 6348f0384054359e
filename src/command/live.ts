import { logUpdateStderr } from 'log-update';
import { defer, interval, last, map, type Observable, tap } from 'rxjs';
import type { AnswerOutput } from './answer-output.ts';
import { draw } from './lanes.ts';
import type { Run } from './run.ts';
import { steps, type View } from './view.ts';

const frameMs = 80;
const maxColumns = 100;
const maxTextRows = 6;

/** Shows a run as lanes that are redrawn in place, on stderr, its answers on `output` as they come. Emits the last view. */
export function live(run: Run, interrupt$: Observable<unknown>, output: AnswerOutput): Observable<View> {
  return defer(() => {
    let view: View | undefined;
    const drawing = (textRows: number): string =>
      view ? draw(view, Date.now(), Math.min(process.stderr.columns || 80, maxColumns), textRows) : '';
    const redrawing = interval(frameMs).subscribe(() => logUpdateStderr(drawing(maxTextRows)));
    return steps(run, interrupt$).pipe(
      tap({
        next: ({ happening, view: next }) => {
          view = next;
          if (happening?.type === 'text-delta' || happening?.type === 'refusal-delta') output.write(happening.text);
          if (happening?.type === 'finish' || happening?.type === 'error') output.endLine();
        },
        complete: () => {
          // Once more and to stay: whole, even where it is taller than the terminal.
          logUpdateStderr.clear();
          process.stderr.write(`${drawing(Number.POSITIVE_INFINITY)}\n\n`);
        },
        finalize: () => {
          redrawing.unsubscribe();
          logUpdateStderr.done();
          output.endLine();
        },
      }),
      last(),
      map((step) => step.view),
    );
  });
}
