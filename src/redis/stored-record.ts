import type { StreamInit, StreamOutcome, StreamProgress, StreamRecord } from '../index.ts';
import { cancelledOutcome, interruptedOutcome, producerLostCode } from '../recovery/store.ts';

/** The part of a record that never changes, as it is written. */
export function writeInit({ id, requestId, tenant, requestHash, request, takeover, maxTakeovers, deadline }: StreamInit): string {
  return JSON.stringify({ id, requestId, tenant, requestHash, request, takeover, maxTakeovers, deadline });
}

/** A record as the scripts reply it. */
export function readRecord(reply: unknown): StreamRecord {
  const [init, status, owner, left, epoch, last, takeovers, cancelled, created, outcome, progress, watchers] = reply as string[];
  const told = JSON.parse(init as string) as StreamInit;
  return {
    ...told,
    state: status === 'open' ? (left === '0' ? 'expired' : 'held') : (status as 'sealed' | 'lost'),
    owner: owner as string,
    leaseMs: Number(left),
    epoch: Number(epoch),
    last: Number(last),
    takeovers: Number(takeovers),
    isCancelled: cancelled === '1',
    watchers: Number(watchers),
    createdAt: Number(created),
    progress: progress ? (JSON.parse(progress) as StreamProgress) : undefined,
    outcome: outcome ? readOutcome(outcome, told.requestId) : undefined,
  };
}

/** An outcome as it was written; one that Redis itself decided is a word. */
export function readOutcome(outcome: string, requestId: string): StreamOutcome {
  if (outcome === 'cancelled') return cancelledOutcome(requestId);
  if (outcome === 'interrupted') return interruptedOutcome(requestId, producerLostCode);
  return JSON.parse(outcome) as StreamOutcome;
}
