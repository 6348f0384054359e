import type { StreamBatch, StreamHolder } from '../index.ts';
import { idOf } from './log-entry.ts';
import type { OpenConnection } from './open-connection.ts';
import { failureOf, replyCode } from './redis-failure.ts';

const queued = new Error('a command was not queued');

/** What XADD says of an id that is not after the last one, and of any id after the end. */
const refusal = /equal or smaller|last possible ID/;

/**
 * Appends a batch as it is: one transaction of XADDs with their ids, which an older epoch cannot pass; a single event needs none.
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
  const results = commands.length === 1 ? await sendAll(connection, commands) : await transact(connection, commands);
  if (results.some((result) => result === null)) return 'lost';
  const error = results.find((result) => replyCode(result) !== undefined);
  if (error === undefined) return 'ok';
  if (refusal.test((error as Error).message)) return 'refused';
  throw failureOf(error);
}

async function transact(connection: OpenConnection, commands: readonly (readonly string[])[]): Promise<readonly unknown[]> {
  const replies = await sendAll(connection, [['MULTI'], ...commands, ['EXEC']]);
  // Redis says with the command what it does not queue, and with EXEC no more than that it did not.
  const error = replies.find((reply) => replyCode(reply) !== undefined);
  if (error !== undefined) throw failureOf(error);
  const results = replies.at(-1);
  if (!Array.isArray(results) || results.length !== commands.length) throw failureOf(queued);
  return results;
}

/** At once, so that nothing comes between; errors that Redis replied are results. */
async function sendAll(connection: OpenConnection, commands: readonly (readonly string[])[]): Promise<readonly unknown[]> {
  const replies = await Promise.allSettled(commands.map((command) => connection.send(command)));
  return replies.map((reply) => {
    if (reply.status === 'fulfilled') return reply.value;
    if (replyCode(reply.reason) === undefined) throw failureOf(reply.reason);
    return reply.reason;
  });
}
