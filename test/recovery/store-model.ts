import { formatCursor } from '../../src/recovery/cursor.ts';
import type { StreamStore } from '../../src/recovery/stream-store.ts';
import { Rival } from './store-model/rival.ts';
import { Spectator } from './store-model/spectator.ts';
import { Stage } from './store-model/stage.ts';

/** How much is tried. */
export interface StoreModelOptions {
  /** Streams. */
  readonly runs: number;
  /** Of the first stream; default: by chance. The same seed is the same play, so far as the store answers in the same order. */
  readonly seed?: number | undefined;
  /** Streams that are played at once. Default: 1. */
  readonly concurrency?: number | undefined;
}

/** What was seen, so that a test can tell whether everything was tried. */
export type StoreModelCounts = Readonly<Record<string, number>>;

/**
 * Plays streams over a store: several producers hold, lose and take them, fall silent and come back, send calls again whose replies were lost,
 * rotate, cancel, seal and delete, while readers come and go at every cursor. Whatever happens, the log is one, and everybody reads the same.
 *
 * Each event says in its text by whom, in which epoch and at which sequence it was written, so that the text alone tells whether the log is sound.
 */
export async function checkStoreModel(
  open: () => StreamStore | Promise<StreamStore>,
  { runs, seed = Math.floor(Math.random() * 2 ** 31), concurrency = 1 }: StoreModelOptions,
): Promise<StoreModelCounts> {
  const store = await open();
  const counts: Record<string, number> = {};
  let next = 0;
  const playAll = async (): Promise<void> => {
    while (next < runs) await playOne(store, seed + next++, counts);
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, playAll));
  } finally {
    await store.close();
  }
  return counts;
}

async function playOne(store: StreamStore, seed: number, counts: Record<string, number>): Promise<void> {
  const stage = new Stage(store, seed);
  try {
    await play(stage);
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${seed}: ${told}\n${stage.trace.join('\n')}`, { cause: error });
  }
  for (const [name, count] of stage.counts) counts[name] = (counts[name] ?? 0) + count;
}

async function play(stage: Stage): Promise<void> {
  const rivals = Array.from({ length: stage.between(2, 5) }, (_, index) => new Rival(stage, `p${index}`));
  await Promise.all(rivals.slice(0, stage.between(1, 2)).map((rival) => rival.create()));
  const spectators: Spectator[] = [];
  for (let step = stage.between(10, 60); step > 0; step--) {
    if (stage.chance(0.2)) spectators.push(new Spectator(stage, spectators));
    if (stage.chance(0.1)) stage.pick(spectators)?.leave();
    // Two at once: whose call comes first is the store's to say.
    const acting = stage.chance(0.2) ? [stage.pick(rivals), stage.pick(rivals)] : [stage.pick(rivals)];
    await Promise.all([...new Set(acting)].map((rival) => rival?.act()));
    if (stage.chance(0.1)) await stage.look();
    // Little happens after the end.
    if ((stage.outcome || stage.isDeleted) && stage.chance(0.2)) break;
  }
  await stage.settle();
  // Late, and with what is no part of the log.
  spectators.push(new Spectator(stage, []), new Spectator(stage, [], formatCursor({ epoch: 99, sequence: 2 })));
  for (const spectator of spectators) await spectator.expectWhole();
}
