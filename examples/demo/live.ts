import { logUpdateStderr } from 'log-update';
import { defer, interval, last, map, type Observable, tap } from 'rxjs';
import { draw } from './lanes.ts';
import type { Run } from './run.ts';
import { steps, type View } from './view.ts';

const frameMs = 80;
const maxColumns = 100;
const maxTextRows = 6;

/** Shows a run as lanes that are redrawn in place, on stderr. Emits the last view. */
export function live(run: Run, interrupt$: Observable<unknown>): Observable<View> {
  return defer(() => {
    let view: View | undefined;
    const drawing = (textRows: number): string =>
      view ? draw(view, Date.now(), Math.min(process.stderr.columns || 80, maxColumns), textRows) : '';
    const redrawing = interval(frameMs).subscribe(() => logUpdateStderr(drawing(maxTextRows)));
    return steps(run, interrupt$).pipe(
      tap({
        next: (step) => {
          view = step.view;
        },
        complete: () => {
          // Once more and to stay: whole, even where it is taller than the terminal.
          logUpdateStderr.clear();
          process.stderr.write(`${drawing(Number.POSITIVE_INFINITY)}\n\n`);
        },
        finalize: () => {
          redrawing.unsubscribe();
          logUpdateStderr.done();
        },
      }),
      last(),
      map((step) => step.view),
      tap(writeAnswers),
    );
  });
}

/** Whoever sees the lanes on the same terminal has the answers before their eyes; a pipe gets them when no lane is redrawn. */
function writeAnswers({ lanes }: View): void {
  if (process.stdout.isTTY) return;
  for (const { text } of lanes) if (text !== '') process.stdout.write(`${text}\n`);
}
