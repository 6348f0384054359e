import { isObservable } from 'rxjs';
import * as z from 'zod';
import type { CircuitBreakers, Cooldowns, RetryBudget } from '../index.ts';
import type { LifecycleRecord } from './lifecycle-record.ts';
import type { LifecycleSource, ObservedClients } from './lifecycle-source.ts';

/** What an inspector shows, and where. */
export interface InspectorOptions extends ObservedClients {
  /** A recorded log instead of clients: the path of a file of {@link recordLifecycle}, or its records. */
  readonly log?: string | readonly LifecycleRecord[] | undefined;
  /** Where it listens, 0 to 65,535; 0 is any that is free. Default: 4984, or any that is free where that is taken. */
  readonly port?: number | undefined;
  /** Default: `127.0.0.1`, so that only this machine reaches it. Nobody is asked who they are. */
  readonly host?: string | undefined;
  /** Further names that it may be asked by, beside loopback's and `host`. A request by any other is refused. Default: none. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Streams that a page which is opened late still sees. 1 to 10,000. Default: 1,000. */
  readonly maxStreams?: number | undefined;
}

/** How a log is written. */
export interface RecordingOptions extends ObservedClients {
  /** Bytes of the log; then no more is written. From 1. Default: 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** Bytes that wait for a disk or a socket that is slow; what comes then is left out, and counted. From 1. Default: 4 MiB. */
  readonly maxWaitingBytes?: number | undefined;
}

const source = z.custom<LifecycleSource>((value) => isObservable((value as LifecycleSource | null | undefined)?.lifecycle$), {
  error: 'must have a lifecycle$, as a client of createClient() has',
});

function made<T>(member: string, factory: string) {
  return z.custom<T>((value) => typeof value === 'object' && value !== null && member in value, {
    error: `must be made with ${factory}()`,
  });
}

function whole(min: number, max: number) {
  return z.custom<number>((value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max, {
    error: `must be a whole number from ${min} to ${max}`,
  });
}

const text = () => z.string({ error: 'must be a text' }).min(1, { error: 'must not be empty' });

const observed = {
  client: source.optional(),
  clients: z.record(z.string(), source, { error: 'must be an object of clients' }).optional(),
  breakers: made<CircuitBreakers>('changes$', 'createCircuitBreakers').optional(),
  cooldowns: made<Cooldowns>('get', 'createCooldowns').optional(),
  budget: made<RetryBudget>('remaining', 'createRetryBudget').optional(),
  content: z.boolean({ error: 'must be true or false' }).optional(),
};

const inspectorSchema = z
  .strictObject(
    {
      ...observed,
      log: z
        .custom<string | readonly LifecycleRecord[]>((value) => (typeof value === 'string' && value !== '') || Array.isArray(value), {
          error: 'must be the path of a file, or an array of records',
        })
        .optional(),
      port: whole(0, 65_535).optional(),
      host: text().default('127.0.0.1'),
      allowedHosts: z.array(text(), { error: 'must be an array of texts' }).default([]),
      maxStreams: whole(1, 10_000).default(1_000),
    },
    { error: 'must be an object' },
  )
  .refine(({ client, clients, log }) => [client ?? clients, log].filter((each) => each !== undefined).length === 1, {
    path: ['client'],
    error: 'is missing: give client, clients, or log',
  });

const recordingSchema = z
  .strictObject(
    {
      ...observed,
      maxBytes: whole(1, Number.MAX_SAFE_INTEGER).default(64 * 1_048_576),
      maxWaitingBytes: whole(1, Number.MAX_SAFE_INTEGER).default(4 * 1_048_576),
    },
    { error: 'must be an object' },
  )
  .refine(({ client, clients }) => client !== undefined || clients !== undefined, {
    path: ['client'],
    error: 'is missing: give client or clients',
  });

/** Options with their defaults. */
export type InspectorSettings = z.output<typeof inspectorSchema>;

/** @throws TypeError that names the option. */
export function parseInspectorOptions(options: InspectorOptions): InspectorSettings {
  return parse('startInspector', inspectorSchema, options);
}

/** @throws TypeError that names the option. */
export function parseRecordingOptions(options: RecordingOptions): z.output<typeof recordingSchema> {
  return parse('recordLifecycle', recordingSchema, options);
}

function parse<S extends z.ZodType>(name: string, schema: S, options: unknown): z.output<S> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const isUnknown = issue?.code === 'unrecognized_keys';
  const field = [...(issue?.path ?? []), ...(isUnknown ? issue.keys.slice(0, 1) : [])].map(String).join('.');
  throw new TypeError(`${name}: ${field || 'the value'} ${isUnknown ? 'is not an option' : issue?.message}`);
}
