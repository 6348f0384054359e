import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/recovery/memory-store.ts';
import { timeout } from '../properties/runs.ts';
import { brokenStore } from './broken-store.ts';
import { checkStoreModel } from './store-model.ts';

const { CI, STEADYSTREAM_PROPERTY_SEED: asked } = process.env;
const seed = asked ? Number(asked) : CI ? 20_261_125 : undefined;

it('whatever producers do to each other, the log is one, and everybody reads the same', { timeout }, async () => {
  const counts = await checkStoreModel(() => memoryStore(), { runs: CI ? 10_000 : 2_000, seed });
  if (process.env.SHOW) console.log(counts);
  for (const tried of [
    'takes taken',
    'appends fenced',
    'appends sealed',
    'rotates ok',
    'deletes true',
    'reader restart',
    'reader snapshot',
  ]) {
    expect(counts[tried], tried).toBeGreaterThan(0);
  }
});

describe('a store is caught', () => {
  it.each([
    'says ok to who is fenced',
    'writes for who is fenced',
    'appends what comes twice twice',
    'forgets an event now and then',
    'passes over the event after a cursor',
    'repeats the event before a cursor',
    'completes where it should fail',
    'loses what was before a rotation',
    'takes what was cancelled',
    'does not tell of a cancellation',
    'lets everybody claim',
    'makes two streams of one key',
    'changes its mind about the end',
    'seals whatever the last entry is',
    'deletes nothing',
  ])('that %s', { timeout }, async (name) => {
    await expect(checkStoreModel(() => brokenStore(name), { runs: 2_000, seed })).rejects.toThrow(/^seed /);
  });
});
