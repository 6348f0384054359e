import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/recovery/memory-store.ts';
import { streamStoreConformance } from '../../src/testing/store-conformance.ts';
import { brokenStore, brokenStores } from './broken-store.ts';

describe('memoryStore()', () => {
  for (const check of streamStoreConformance(() => memoryStore())) it(check.name, () => check.run());
});

describe('a store', () => {
  it.each(brokenStores)('that %s is caught', async (name) => {
    const failures: string[] = [];
    for (const check of streamStoreConformance(() => brokenStore(name), { lease: 20, patience: 200 })) {
      await check.run().catch((error: Error) => failures.push(error.message));
      if (failures.length > 0) break;
    }
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/^memory: /);
  });

  it('must be opened', () => {
    expect(() => streamStoreConformance(undefined as never)).toThrow(new TypeError('streamStoreConformance: open must be a function'));
  });
});
