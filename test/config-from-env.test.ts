import { afterEach, describe, expect, it, vi } from 'vitest';
import { configFromEnv, createClient } from '../src/index.ts';
import { fakeProvider } from '../src/testing/index.ts';

afterEach(() => vi.unstubAllEnvs());

const all = {
  STEADYSTREAM_MAX_ATTEMPTS: '5',
  STEADYSTREAM_INITIAL_DELAY: '250',
  STEADYSTREAM_MAX_DELAY: '8000',
  STEADYSTREAM_MAX_TOTAL_DELAY: '60000',
  STEADYSTREAM_MAX_RETRY_AFTER: '30000',
  STEADYSTREAM_JITTER: 'equal',
  STEADYSTREAM_TIMEOUT_HEADERS: '10000',
  STEADYSTREAM_TIMEOUT_FIRST_CONTENT: '20000',
  STEADYSTREAM_TIMEOUT_IDLE: '15000',
  STEADYSTREAM_TIMEOUT_TOTAL: '90000',
  STEADYSTREAM_BREAKER_FAILURE_RATIO: '0.3',
  STEADYSTREAM_BREAKER_CONSECUTIVE_FAILURES: '2',
  STEADYSTREAM_BREAKER_OPEN_FOR: '2000',
  STEADYSTREAM_BREAKER_MAX_OPEN_FOR: '9000',
  STEADYSTREAM_MAX_REQUESTS: '6',
};

describe('configFromEnv', () => {
  it('says nothing of what is not set', () => {
    expect(configFromEnv({})).toEqual({});
    expect(configFromEnv({ PATH: '/bin', STEADY: '5', STEADYSTREAM_TIMEOUT_IDLE: undefined })).toEqual({});
  });

  it('reads every variable, into an option of the client', () => {
    const { breakers, ...config } = configFromEnv(all);
    expect(config).toEqual({
      maxRequests: 6,
      retry: { maxAttempts: 5, initialDelay: 250, maxDelay: 8_000, maxTotalDelay: 60_000, maxRetryAfter: 30_000, jitter: 'equal' },
      timeout: { headers: 10_000, firstContent: 20_000, idle: 15_000, total: 90_000 },
    });
    expect(breakers?.get('p', 'm').state).toBe('closed');
    const client = createClient({ provider: fakeProvider(), ...configFromEnv(all) });
    expect(client.describe()).toContain('5 attempts a target, 6 requests a call');
  });

  it('the breaker obeys its variables', () => {
    const { breakers } = configFromEnv({ STEADYSTREAM_BREAKER_CONSECUTIVE_FAILURES: '2' });
    const breaker = breakers?.get('p', 'm');
    for (let count = 0; count < 2; count++) {
      const admission = breaker?.acquire();
      if (admission && 'permit' in admission) admission.permit.fail('failure');
    }
    expect(breaker?.state).toBe('open');
  });

  it.each([
    ['STEADYSTREAM_MAX_ATTEMPTS', '0', 'must be a whole number from 1'],
    ['STEADYSTREAM_MAX_ATTEMPTS', '2.5', 'must be a whole number from 1'],
    ['STEADYSTREAM_MAX_ATTEMPTS', 'many', 'must be a whole number from 1'],
    ['STEADYSTREAM_MAX_ATTEMPTS', '5 times', 'must be a whole number from 1'],
    ['STEADYSTREAM_INITIAL_DELAY', '-1', 'must be a number of milliseconds from 0'],
    ['STEADYSTREAM_TIMEOUT_IDLE', '30s', 'must be a number of milliseconds'],
    ['STEADYSTREAM_TIMEOUT_TOTAL', '99999999999', 'to 2147483647'],
    ['STEADYSTREAM_JITTER', 'some', 'must be one of none, full, equal, proportional, decorrelated'],
    ['STEADYSTREAM_JITTER', '5', 'must be one of none, full'],
    ['STEADYSTREAM_BREAKER_FAILURE_RATIO', '1.5', 'must be'],
    ['STEADYSTREAM_MAX_REQUESTS', 'NaN', 'must be a whole number from 1'],
  ])('throws a TypeError for %s=%s that names the variable, its value and what is allowed', (variable, value, allowed) => {
    const read = () => configFromEnv({ [variable]: value });
    expect(read).toThrow(TypeError);
    expect(read).toThrow(`configFromEnv: ${variable}`);
    expect(read).toThrow(allowed);
    expect(read).toThrow(JSON.stringify(value));
  });

  it('throws a TypeError for a variable that is none, and lists those that are', () => {
    const read = () => configFromEnv({ STEADYSTREAM_MAX_RETRIES: '3' });
    expect(read).toThrow(TypeError);
    expect(read).toThrow('STEADYSTREAM_MAX_RETRIES is not a variable');
    for (const variable of Object.keys(all)) expect(read).toThrow(variable);
  });

  it('takes Infinity for no limit, blanks for not set, and spaces around a value for nothing', () => {
    expect(configFromEnv({ STEADYSTREAM_TIMEOUT_TOTAL: 'Infinity' })).toEqual({ timeout: { total: Number.POSITIVE_INFINITY } });
    expect(configFromEnv({ STEADYSTREAM_TIMEOUT_TOTAL: '', STEADYSTREAM_JITTER: '  ' })).toEqual({});
    expect(configFromEnv({ STEADYSTREAM_TIMEOUT_IDLE: ' 5000 ' })).toEqual({ timeout: { idle: 5_000 } });
  });

  it('reads the process’s own variables by default', () => {
    vi.stubEnv('STEADYSTREAM_MAX_ATTEMPTS', '7');
    expect(configFromEnv()).toEqual({ retry: { maxAttempts: 7 } });
  });

  it('reads none where there is no process', () => {
    vi.stubGlobal('process', undefined);
    try {
      expect(configFromEnv()).toEqual({});
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('str-26: options in code win over the environment', () => {
    const config = configFromEnv({ STEADYSTREAM_MAX_ATTEMPTS: '7', STEADYSTREAM_JITTER: 'none' });
    const client = createClient({ provider: fakeProvider(), ...config, retry: { ...config.retry, maxAttempts: 2 } });
    expect(client.describe()).toMatch(/2 attempts a target.*none jitter/);
  });

  it('gives each call breakers of its own, and no breakers unless a variable asks for them', () => {
    const env = { STEADYSTREAM_BREAKER_OPEN_FOR: '1000' };
    expect(configFromEnv(env).breakers).not.toBe(configFromEnv(env).breakers);
    expect(configFromEnv({ STEADYSTREAM_MAX_REQUESTS: '5' })).not.toHaveProperty('breakers');
  });

  it('a limit of openFor above maxOpenFor is as in code', () => {
    expect(() => configFromEnv({ STEADYSTREAM_BREAKER_OPEN_FOR: '5000', STEADYSTREAM_BREAKER_MAX_OPEN_FOR: 'x' })).toThrow('MAX_OPEN_FOR');
  });
});
