import { isProviderError, ProviderError } from '../index.ts';
import { storeFull } from '../recovery/store.ts';

const replyShape = /^([A-Z][A-Z0-9]+)(?: |$)/;

/** Replies that tell of the server's condition, not of the command. */
const conditions = new Set(['LOADING', 'READONLY', 'MASTERDOWN', 'BUSY', 'MISCONF', 'NOREPLICAS', 'TRYAGAIN', 'CLUSTERDOWN', 'UNKILLABLE']);

/** The first word of an error that Redis replied, as `WRONGTYPE`; undefined for what went wrong on the way. */
export function replyCode(error: unknown): string | undefined {
  const message = (error as { readonly message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' && !isProviderError(error) ? replyShape.exec(message)?.[1] : undefined;
}

/** Whether Redis refused this command for what it says, and would refuse it again. */
export function isOfCommand(error: unknown): boolean {
  const code = replyCode(error);
  return code !== undefined && code !== 'OOM' && !conditions.has(code);
}

/** What Redis or the way to it said, as the library's error. */
export function failureOf(error: unknown): ProviderError {
  if (isProviderError(error)) return error;
  const reply = replyCode(error);
  if (reply === 'OOM') return storeFull('Redis has no more memory');
  if (reply !== undefined) {
    const detail = (error as Error).message;
    const reason = 'Redis refused the command';
    return new ProviderError({
      category: 'network',
      phase: 'local',
      code: reply,
      reason,
      detail,
      retryable: conditions.has(reply),
      cause: error,
    });
  }
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  const reason = 'the connection to Redis failed';
  return new ProviderError({
    category: 'network',
    phase: 'local',
    code: typeof code === 'string' ? code : undefined,
    reason,
    cause: error,
  });
}

/** Redis took longer than a command may. */
export function commandTimeout(): ProviderError {
  return new ProviderError({ category: 'timeout', phase: 'local', code: 'command-timeout', reason: 'Redis did not answer in time' });
}

/** The store was closed. */
export function storeClosed(): ProviderError {
  return new ProviderError({ category: 'network', phase: 'local', code: 'store-closed', retryable: false, reason: 'the store is closed' });
}

/** The id of a stream was given to another one. */
export function conflict(): ProviderError {
  return new ProviderError({ category: 'conflict', phase: 'local', code: 'id-in-use', reason: 'another stream has this id' });
}
