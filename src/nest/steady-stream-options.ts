import * as z from 'zod';
import type { Client, EventLike, SessionsConfig } from '../index.ts';
import { madeWith, milliseconds } from './parse-nest-options.ts';

/** Options of {@link SteadyStream}. */
export interface SteadyStreamOptions<E extends EventLike = never> {
  /** Who generates answers: of `createClient()`. */
  readonly client: Client<E>;
  /** How answers are kept: options of `createSessions()`, of which the client is the one above. Default: in memory, with its defaults. */
  readonly sessions?: Omit<SessionsConfig<E>, 'client'> | undefined;
  /** How long answers may go on when the application closes, in milliseconds; 0 to 600,000. Default: 10,000. */
  readonly drainDeadline?: number | undefined;
}

export const steadyStreamSchema = z.strictObject({
  client: madeWith<Client>('createClient', 'stream'),
  // `createSessions` looks at what is in it.
  sessions: z.looseObject({}, { error: 'must be an object of options' }).optional(),
  drainDeadline: milliseconds(0, 600_000).default(10_000),
});
