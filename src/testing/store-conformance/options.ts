import type { StreamStore } from '../../index.ts';

/** What {@link streamStoreConformance} is given beside the store. */
export interface StoreConformanceOptions {
  /** Another store over the same data, as another process has it. Default: the same store. */
  readonly another?: ((store: StreamStore) => StreamStore | Promise<StreamStore>) | undefined;
  /** How long, in milliseconds, a lease runs that is left to run out. Default: 100. */
  readonly lease?: number | undefined;
  /** How long, in milliseconds, is waited for what must come. Default: 10,000. */
  readonly patience?: number | undefined;
}
