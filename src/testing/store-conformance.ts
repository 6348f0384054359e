import type { StreamStore } from '../index.ts';
import type { ConformanceCheck } from './provider-conformance/options.ts';
import { appendChecks } from './store-conformance/append-checks.ts';
import { createChecks } from './store-conformance/create-checks.ts';
import { cursorChecks } from './store-conformance/cursor-checks.ts';
import { endingChecks } from './store-conformance/ending-checks.ts';
import { leaseChecks } from './store-conformance/lease-checks.ts';
import { liveChecks } from './store-conformance/live-checks.ts';
import type { StoreConformanceOptions } from './store-conformance/options.ts';
import { readChecks } from './store-conformance/read-checks.ts';
import { recordChecks } from './store-conformance/record-checks.ts';
import { rotationChecks } from './store-conformance/rotation-checks.ts';
import { type StoreCheck, StoreSubject } from './store-conformance/subject.ts';

export type { StoreConformanceOptions } from './store-conformance/options.ts';

const checks: readonly StoreCheck[] = [
  ...createChecks,
  ...appendChecks,
  ...readChecks,
  ...liveChecks,
  ...rotationChecks,
  ...cursorChecks,
  ...leaseChecks,
  ...endingChecks,
  ...recordChecks,
];

/**
 * What is promised of a `StreamStore` as tests of any store, a user's own included: nothing lost, nothing twice, one holder, one end.
 *
 * Each check opens a store, and closes it; ids and tenants are new each time, so that the data may be shared. Leases are real and short, waits
 * are polls. Belongs to no test runner.
 *
 * @param open Gives a store that works; asked once a check.
 *
 * @throws TypeError if there is nothing to open.
 *
 * @example
 * ```ts
 * const checks = streamStoreConformance(() => memoryStore());
 * for (const check of checks) test(check.name, () => check.run());
 * ```
 */
export function streamStoreConformance(
  open: () => StreamStore | Promise<StreamStore>,
  options: StoreConformanceOptions = {},
): ConformanceCheck[] {
  if (typeof open !== 'function') throw new TypeError('streamStoreConformance: open must be a function');
  const { another = (store) => store, lease = 100, patience = 10_000 } = options;
  return checks.map(({ name, run }) => ({
    name,
    run: async () => {
      const store = await open();
      const other = await another(store);
      try {
        await run(new StoreSubject(store, other, { lease, patience }));
      } catch (error) {
        throw new Error(`${store.kind}: ${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      } finally {
        await other.close();
        await store.close();
      }
    },
  }));
}
