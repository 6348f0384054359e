import type { StoredEvent, StreamRecord } from '../index.ts';
import { formatCursor, producerLost } from '../recovery/store.ts';

/**
 * What a reader is told who has what is no part of the log any more.
 *
 * Its cursor is before the beginning: who was told nothing more is given everything.
 */
export function restartOf({ requestId, progress }: StreamRecord): StoredEvent {
  const { attempts: attempt = 0, provider = '', model = '' } = progress ?? {};
  const error = producerLost();
  const cursor = formatCursor({ epoch: 0, sequence: 0 });
  return { type: 'restart', requestId, error, attempt, provider, model, cursor } as StoredEvent;
}
