import type { View } from './view.ts';

/** What a script needs to know of an answer: see the usage. */
export const exitStatus = { complete: 0, failed: 1, usage: 2, partial: 3, interrupted: 130 } as const;

/** How the one call of a run ended. */
export function exitStatusOf({ lanes }: View): number {
  const last = lanes.at(-1);
  if (last === undefined || last.status === 'cancelled') return exitStatus.interrupted;
  if (last.finishReason !== undefined) return exitStatus.complete;
  return saidText(lanes) === '' ? exitStatus.failed : exitStatus.partial;
}

/** What was said over all attempts: one whose content was seen is only ever gone on with. */
export function saidText(lanes: View['lanes']): string {
  return lanes.map(({ text }) => text).join('');
}
