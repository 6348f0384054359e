import { ProviderError } from '../core/provider-error.ts';
import { persist } from './persist.ts';
import type { EndOfAnswer } from './producer-config.ts';
import { interruptedOutcome, producerLostCode, storeFull } from './store-errors.ts';
import type { StreamInit, StreamRecord } from './stream-record.ts';
import type { StreamStore } from './stream-store.ts';

/** By what name a stream may be found again, and by whom it is held. */
export interface CreateStreamOptions {
  readonly owner: string;
  readonly lease: number;
  readonly key: string | undefined;
  /** Whether only a whole answer, or one on its way, is good enough. */
  readonly reuse: boolean;
}

/** Of one key, so many streams may have ended in vain. */
const maxInVain = 1_000;

/**
 * Makes the record of a stream, or finds that of its key.
 *
 * A stream that ended in vain is passed over: its key goes on with a name that all who pass it over come to.
 */
export async function createStream(
  store: StreamStore,
  init: StreamInit,
  { owner, lease, key, reuse }: CreateStreamOptions,
): Promise<{ readonly record: StreamRecord; readonly isNew: boolean }> {
  let name = key;
  for (let passed = 0; passed <= maxInVain; passed++) {
    const idempotencyKey = name;
    const create = () => store.create(init, { owner, lease, idempotencyKey });
    const creation = await persist(create, { patience: () => lease, isWanted: () => true });
    if (!creation) break;
    const { record, status } = creation;
    if (status === 'created') return { record, isNew: true };
    if (record.requestHash !== init.requestHash) throw conflict(init.requestId);
    if (!isInVain(record, reuse)) return { record, isNew: false };
    name = `${key}:after:${record.id}`;
  }
  throw storeFull('too many answers of this key have failed');
}

/** A failure before the first token is not pinned to its key: the next call tries anew. */
export function hasSaidNothing({ outcome, hasContent }: EndOfAnswer): boolean {
  return (outcome.status === 'error' || outcome.status === 'interrupted') && !hasContent;
}

/** Who asks the same later wants a whole answer. */
export function isNoAnswerForOthers({ outcome, finishReason }: EndOfAnswer): boolean {
  return outcome.status !== 'done' || (finishReason !== 'stop' && finishReason !== 'tool-calls');
}

/** Gives back a stream of which nothing was asked yet. */
export async function giveUp(store: StreamStore, { id, epoch, last, requestId }: StreamRecord): Promise<void> {
  const outcome = interruptedOutcome(requestId, producerLostCode);
  const isWanted = () => true;
  await persist(() => store.seal({ id, epoch }, { last, outcome, forget: true }), { patience: () => 5_000, isWanted });
}

/** Whoever sealed it, with or without a word to its key. */
function isInVain({ state, outcome, progress }: StreamRecord, reuse: boolean): boolean {
  if (state === 'lost') return true;
  if (state !== 'sealed' || !outcome) return false;
  const end: EndOfAnswer = { outcome, finishReason: outcome.finishReason, hasContent: progress?.hasContent ?? progress !== undefined };
  return reuse ? isNoAnswerForOthers(end) : hasSaidNothing(end);
}

function conflict(requestId: string): ProviderError {
  const reason = 'the idempotency key was used with a different request';
  return new ProviderError({ category: 'conflict', phase: 'local', retryable: false, requestId, reason });
}
