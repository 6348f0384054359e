import type { BlockingSource } from './blocking-source.ts';
import type { OpenConnection } from './open-connection.ts';
import { isOfCommand } from './redis-failure.ts';

/** A source that Redis does not read, and what it says of it. */
export interface Culprit {
  readonly source: BlockingSource;
  readonly error: unknown;
}

/** One bad key fails a command for all: halves are tried, without a wait, until each culprit stands alone. */
export async function findCulprits(connection: OpenConnection, suspects: readonly BlockingSource[]): Promise<readonly Culprit[]> {
  try {
    await connection.send(readCommand(suspects, ['COUNT', '1']));
    return [];
  } catch (error) {
    const [source] = suspects;
    if (!source || !isOfCommand(error)) throw error;
    if (suspects.length === 1) return [{ source, error }];
  }
  const half = suspects.length >> 1;
  const first = await findCulprits(connection, suspects.slice(0, half));
  return [...first, ...(await findCulprits(connection, suspects.slice(half)))];
}

/** Reads sources after their positions. */
export function readCommand(sources: readonly BlockingSource[], options: readonly string[]): readonly string[] {
  return ['XREAD', ...options, 'STREAMS', ...sources.map(({ key }) => key), ...sources.map(({ position }) => position)];
}
