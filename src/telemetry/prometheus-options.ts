import { type Registry, register } from 'prom-client';
import * as z from 'zod';
import { count, errorListener, objectWith, parseTelemetryOptions } from './parse-telemetry-options.ts';

/** Where metrics go, and how many there may be. */
export interface PrometheusOptions {
  /** Default: the global registry of prom-client. */
  readonly registry?: Registry | undefined;
  /** Before every name. Default: `'steadystream_'`. */
  readonly prefix?: string | undefined;
  /** The models that are told apart; all others are `other`. Default: those that come first, up to `maxModels`. */
  readonly models?: readonly string[] | undefined;
  /** Models that are told apart; those that come later are `other`. Default: 100. */
  readonly maxModels?: number | undefined;
  /** Of the durations, in seconds, rising. Default: 0.01 doubling to 81.92, and 163.84 to 655.36. */
  readonly buckets?: readonly number[] | undefined;
  /** Calls that run at once and are kept count of. Default: 10,000. */
  readonly maxCalls?: number | undefined;
  /** Told of the first failure of a metric. Default: a line of `console.warn`. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const seconds = Array.from({ length: 17 }, (_, power) => 2 ** power / 100);

const schema = z.strictObject({
  registry: objectWith<Registry>(['registerMetric', 'getSingleMetric'], 'must be a registry of prom-client').default(() => register),
  prefix: z
    .string({ error: 'must be a string' })
    .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, { error: 'must be the beginning of a name of Prometheus' })
    .default('steadystream_'),
  models: z.array(z.string({ error: 'must be a string' }), { error: 'must be an array of models' }).optional(),
  maxModels: count(1).default(100),
  buckets: z
    .custom<readonly number[]>(
      (value) =>
        Array.isArray(value) &&
        value.length > 0 &&
        value.every((each, index) => typeof each === 'number' && (index === 0 || each > value[index - 1])),
      { error: 'must be an array of numbers that rise' },
    )
    .default(seconds),
  maxCalls: count(1).default(10_000),
  onError: errorListener.optional(),
});

/** @throws TypeError that names the option which is wrong. */
export function parsePrometheusOptions(options: PrometheusOptions) {
  return parseTelemetryOptions('prometheus', schema, options);
}

export type PrometheusSettings = ReturnType<typeof parsePrometheusOptions>;
