import type { Run } from './run.ts';
import type { Ending } from './scenarios.ts';
import type { Lane, View } from './view.ts';

/** What went wrong with a run, in one sentence; `undefined` if it ended as it should. */
export function problemOf({ endings, title }: Run, { lanes }: View): string | undefined {
  const ended = lanes.filter(({ requestId }, index) => lanes[index + 1]?.requestId !== requestId);
  if (endings === undefined) return ended.find(({ error }) => error)?.error?.message;
  const actual = ended.map(({ finishReason, error, status }): Ending | Lane['status'] => finishReason ?? error?.category ?? status);
  return actual.join() === endings.join()
    ? undefined
    : `${title} should end with ${endings.join(', ')}; it ended with ${actual.join(', ')}`;
}
