import type { Run } from '../../src/command/run.ts';
import type { Lane, View } from '../../src/command/view.ts';
import type { Rehearsal } from './run.ts';
import type { Ending } from './scenarios.ts';

/** What went wrong with a run, in one sentence; `undefined` if it ended as it should. */
export function problemOf(run: Run | Rehearsal, { lanes }: View): string | undefined {
  const ended = lanes.filter(({ requestId }, index) => lanes[index + 1]?.requestId !== requestId);
  if (!('endings' in run)) return ended.find(({ error }) => error)?.error?.message;
  const actual = ended.map(({ finishReason, error, status }): Ending | Lane['status'] => finishReason ?? error?.category ?? status);
  return actual.join() === run.endings.join()
    ? undefined
    : `${run.title} should end with ${run.endings.join(', ')}; it ended with ${actual.join(', ')}`;
}
