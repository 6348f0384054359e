import type { Meter, Tracer } from '@opentelemetry/api';
import * as z from 'zod';
import { conventionalProviders, operationNames, type TelemetryName, type TelemetryNames } from './names.ts';
import { count, errorListener, flag, objectWith, parseTelemetryOptions } from './parse-telemetry-options.ts';

/** What is traced and measured, and what it is called. */
export interface OpenTelemetryOptions {
  /** Makes the spans; `false` for none. Default: that of the global provider, also of one that is registered later. */
  readonly tracer?: Tracer | false | undefined;
  /** Makes the instruments; `false` for none. Default: that of the global provider when the first call begins. */
  readonly meter?: Meter | false | undefined;
  /** Names other than the default's, one by one. Default: {@link operationNames}. */
  readonly names?: Partial<TelemetryNames> | undefined;
  /** What providers of yours are called in the conventions: `{ acme: 'openai' }`. Default: their own name. */
  readonly providers?: Readonly<Record<string, string>> | undefined;
  /** Whether each attempt has a span of its own below that of its call. Default: false. */
  readonly attempts?: boolean | undefined;
  /** Whether the conversation and the answer are written to the span: they are what your users said. Default: false. */
  readonly content?: boolean | undefined;
  /** Of the conversation, and of the answer, in characters. Default: 65,536. */
  readonly maxContent?: number | undefined;
  /** Events on one span; more are counted. Default: 64. */
  readonly maxEvents?: number | undefined;
  /** Calls that run at once; the span of the oldest is ended when there are more. Default: 10,000. */
  readonly maxCalls?: number | undefined;
  /** Models that are told apart in metrics; others are `other`. Default: 100. */
  readonly maxModels?: number | undefined;
  /** Told of the first failure of a tracer or meter. Default: a line of `console.warn`. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const name = z.custom<TelemetryName>(
  (value) => value === false || [value].flat().every((each) => typeof each === 'string' && each.length > 0),
  { error: 'must be a name, an array of names, or false' },
);

const schema = z.strictObject({
  tracer: z
    .union([objectWith<Tracer>(['startSpan'], ''), z.literal(false)], { error: 'must be a tracer of OpenTelemetry, or false' })
    .optional(),
  meter: z
    .union([objectWith<Meter>(['createHistogram', 'createCounter'], ''), z.literal(false)], {
      error: 'must be a meter of OpenTelemetry, or false',
    })
    .optional(),
  names: z.strictObject(Object.fromEntries(Object.keys(operationNames).map((key) => [key, name.optional()]))).default({}),
  providers: z.record(z.string(), z.string({ error: 'must be a string' }), { error: 'must be an object of names' }).default({}),
  attempts: flag.default(false),
  content: flag.default(false),
  maxContent: count(1).default(65_536),
  maxEvents: count(0).default(64),
  maxCalls: count(1).default(10_000),
  maxModels: count(1).default(100),
  onError: errorListener.optional(),
});

/** @throws TypeError that names the option which is wrong. */
export function parseOpenTelemetryOptions(options: OpenTelemetryOptions) {
  const parsed = parseTelemetryOptions('openTelemetry', schema, options);
  const given = Object.fromEntries(Object.entries(parsed.names).filter(([, value]) => value !== undefined));
  const names = { ...operationNames, ...given } as TelemetryNames;
  return { ...parsed, names, providers: { ...conventionalProviders, ...parsed.providers } };
}

export type OpenTelemetrySettings = ReturnType<typeof parseOpenTelemetryOptions>;
