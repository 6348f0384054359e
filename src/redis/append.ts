import type { StreamBatch, StreamHolder } from '../index.ts';
import { idOf } from './log-entry.ts';
import type { OpenConnection } from './open-connection.ts';
import { failureOf, replyCode } from './redis-failure.ts';

const queued = new Error('a command was not queued');

/**
 * Appends a batch as it is: one transaction of XADDs with their ids, which an older epoch cannot pass.
 *
 * `refused` says that Redis did not take the ids: its fate has to be asked for.
 */
export async function appendBatch(
  connection: OpenConnection,
  log: string,
  { epoch }: StreamHolder,
  { sequence, events, progress }: StreamBatch,
): Promise<'ok' | 'lost' | 'refused'> {
  const last = events.length - 1;
  const commands = events.map((event, index) => {
    const command = ['XADD', log, 'NOMKSTREAM', idOf({ epoch, sequence: sequence + index }), 'e', event];
    return index === last ? [...command, 'p', JSON.stringify(progress)] : command;
  });
  const replies = await Promise.allSettled([['MULTI'], ...commands, ['EXEC']].map((command) => connection.send(command)));
  const failed = replies.find((reply) => reply.status === 'rejected');
  if (failed) throw failureOf(failed.reason);
  const results = (replies.at(-1) as PromiseFulfilledResult<unknown>).value;
  if (!Array.isArray(results) || results.length !== events.length) throw failureOf(queued);
  if (results.some((result) => result === null)) return 'lost';
  const error = results.find((result) => replyCode(result) !== undefined);
  if (error === undefined) return 'ok';
  if (replyCode(error) === 'ERR') return 'refused';
  throw failureOf(error);
}
