import type { z } from 'zod';
import type { ClientConfig } from './client-options.ts';
import { count, explainIssue } from './core/options.ts';
import { createCircuitBreakers } from './operators/create-circuit-breaker.ts';
import { streamTimeoutSchema } from './operators/stream-timeout.ts';
import { backoffSchema } from './policies/backoff.ts';
import { breakerSchema } from './policies/circuit-breaker-config.ts';

/** The part of a client's configuration that is for those who operate it. */
export type OperationalConfig = Pick<ClientConfig, 'retry' | 'timeout' | 'maxRequests' | 'breakers'>;

const { maxAttempts, initialDelay, maxDelay, maxTotalDelay, maxRetryAfter, jitter } = backoffSchema.shape;
const { headers, firstContent, idle, total } = streamTimeoutSchema.shape;
const { failureRatio, consecutiveFailures, openFor, maxOpenFor } = breakerSchema.shape;

/** Every variable, by the option it sets. Times are milliseconds. */
const variables = {
  retry: {
    STEADYSTREAM_MAX_ATTEMPTS: ['maxAttempts', maxAttempts],
    STEADYSTREAM_INITIAL_DELAY: ['initialDelay', initialDelay],
    STEADYSTREAM_MAX_DELAY: ['maxDelay', maxDelay],
    STEADYSTREAM_MAX_TOTAL_DELAY: ['maxTotalDelay', maxTotalDelay],
    STEADYSTREAM_MAX_RETRY_AFTER: ['maxRetryAfter', maxRetryAfter],
    STEADYSTREAM_JITTER: ['jitter', jitter],
  },
  timeout: {
    STEADYSTREAM_TIMEOUT_HEADERS: ['headers', headers],
    STEADYSTREAM_TIMEOUT_FIRST_CONTENT: ['firstContent', firstContent],
    STEADYSTREAM_TIMEOUT_IDLE: ['idle', idle],
    STEADYSTREAM_TIMEOUT_TOTAL: ['total', total],
  },
  breaker: {
    STEADYSTREAM_BREAKER_FAILURE_RATIO: ['failureRatio', failureRatio],
    STEADYSTREAM_BREAKER_CONSECUTIVE_FAILURES: ['consecutiveFailures', consecutiveFailures],
    STEADYSTREAM_BREAKER_OPEN_FOR: ['openFor', openFor],
    STEADYSTREAM_BREAKER_MAX_OPEN_FOR: ['maxOpenFor', maxOpenFor],
  },
  call: {
    STEADYSTREAM_MAX_REQUESTS: ['maxRequests', count(1)],
  },
} as const satisfies Record<string, Record<string, readonly [string, z.ZodType]>>;

/**
 * Reads a client's operational options from environment variables named `STEADYSTREAM_…`. What is not set keeps its default.
 *
 * @param env Default: `process.env`, where there is one.
 * @throws TypeError for a variable that is unknown or out of range; it names the variable, its value and what is allowed.
 *
 * @example
 * ```ts
 * // STEADYSTREAM_MAX_ATTEMPTS=5 STEADYSTREAM_TIMEOUT_IDLE=30000 node server.js
 * createClient({ provider, ...configFromEnv() });
 * ```
 */
export function configFromEnv(env: Readonly<Record<string, string | undefined>> = processEnv()): OperationalConfig {
  const known = new Set(Object.values(variables).flatMap((group) => Object.keys(group)));
  const unknown = Object.keys(env).find((name) => name.startsWith('STEADYSTREAM_') && !known.has(name));
  if (unknown !== undefined) throw new TypeError(`configFromEnv: ${unknown} is not a variable; there are ${[...known].join(', ')}`);
  const retry = read(env, variables.retry);
  const timeout = read(env, variables.timeout);
  const breaker = read(env, variables.breaker);
  return {
    ...read(env, variables.call),
    ...(Object.keys(retry).length > 0 && { retry }),
    ...(Object.keys(timeout).length > 0 && { timeout }),
    ...(Object.keys(breaker).length > 0 && { breakers: createCircuitBreakers(breaker) }),
  };
}

function read(
  env: Readonly<Record<string, string | undefined>>,
  group: Readonly<Record<string, readonly [string, z.ZodType]>>,
): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [variable, [option, schema]] of Object.entries(group)) {
    const text = env[variable]?.trim();
    if (!text) continue;
    const value = /^[+-]?(?:\d|\.\d|Infinity$)/.test(text) ? Number(text) : text;
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      const issues = parsed.error.issues.map((issue) => ({ ...issue, path: [variable] }));
      throw new TypeError(`configFromEnv: ${explainIssue(issues, { [variable]: text })}`);
    }
    options[option] = parsed.data;
  }
  return options;
}

function processEnv(): Readonly<Record<string, string | undefined>> {
  return (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
}
