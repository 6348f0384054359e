import type { LeaseOptions, StreamInit, StreamRecord, StreamStore } from '../../index.ts';
import { expectEqual, until } from './expect.ts';
import { Reading } from './reading.ts';
import { Writer } from './writer.ts';

/** A lease that does not run out while a check runs. */
const longLease = 600_000;

/** What one check has to do with. */
export class StoreSubject {
  readonly store: StreamStore;
  /** The same streams as another process sees them. */
  readonly other: StreamStore;
  readonly lease: number;
  readonly patience: number;
  /** The tenant of this check. */
  readonly tenant = `tenant-${crypto.randomUUID()}`;
  readonly owner = `owner-${crypto.randomUUID()}`;

  constructor(store: StreamStore, other: StreamStore, { lease, patience }: { readonly lease: number; readonly patience: number }) {
    this.store = store;
    this.other = other;
    this.lease = lease;
    this.patience = patience;
  }

  init(more: Partial<StreamInit> = {}): StreamInit {
    const id = `stream-${crypto.randomUUID()}`;
    return { id, requestId: `request-${id}`, requestHash: 'hash-1', takeover: 'continue', maxTakeovers: 1, ...more };
  }

  /** How a stream is held here. */
  holding(more: Partial<LeaseOptions> = {}): LeaseOptions {
    return { owner: this.owner, lease: longLease, ...more };
  }

  /** A stream, held. */
  async begin(more: Partial<StreamInit> = {}, options: Partial<LeaseOptions> & { readonly idempotencyKey?: string } = {}): Promise<Writer> {
    const creation = await this.store.create(this.init(more), { ...this.holding(), ...options });
    expectEqual(creation.status, 'created', 'the status of a new stream');
    return new Writer(this.store, creation.record);
  }

  /** Another process takes a stream that nobody holds. */
  async takeOver(id: string): Promise<Writer> {
    const taking = await this.other.take(id, this.holding({ owner: 'owner-2' }));
    if (taking.status !== 'taken') throw new Error(`take answers ${taking.status}, and should answer taken`);
    return new Writer(this.other, taking.record);
  }

  read(id: string, after?: string, store = this.store): Reading {
    return new Reading(store, id, after, this.patience);
  }

  async record(id: string): Promise<StreamRecord> {
    const record = await this.store.get(id);
    if (!record) throw new Error('the record is gone');
    return record;
  }

  until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    return until(this.patience, what, isSo);
  }
}

/** One promise, over a store of its own. */
export interface StoreCheck {
  readonly name: string;
  readonly run: (subject: StoreSubject) => Promise<void>;
}
