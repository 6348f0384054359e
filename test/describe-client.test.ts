import { describe, expect, it } from 'vitest';
import { anthropic, type ClientConfig, createClient, createRateLimiter, openai } from '../src/index.ts';

const described = (config: Partial<ClientConfig> = {}) =>
  createClient({ provider: openai({ apiKey: 'sk-secret-1234567890' }), ...config }).describe();
const steps = (config?: Partial<ClientConfig>) =>
  described(config)
    .split('\n')
    .map((line) => line.split(/\s+/)[0]);

describe('client.describe()', () => {
  it('str-10: prints the pipeline in order, with the defaults in force', () => {
    expect(described()).toMatchInlineSnapshot(`
      "provider         openai
      decode           completes at the provider's own end; lingers 50 ms for the connection
      streamTimeout    headers 30 s, first content 120 s, idle 60 s
      classifyErrors   0 rules of your own
      circuitBreaker   by provider and model; verdict at first content
      cooldown         by provider and model; at most 120 s
      holdUntilContent 64 events
      retry            3 attempts a target, 8 requests a call; 1 s times 2 up to 20 s, full jitter; Retry-After up to 120 s
      checkpoint       4194304 characters
      streamTimeout    total 600 s"
    `);
  });

  it('prints a step only where there is one', () => {
    expect(steps()).toEqual([
      'provider',
      'decode',
      'streamTimeout',
      'classifyErrors',
      'circuitBreaker',
      'cooldown',
      'holdUntilContent',
      'retry',
      'checkpoint',
      'streamTimeout',
    ]);
    const whole = steps({
      rateLimit: createRateLimiter({ requestsPerMinute: 60 }),
      hedge: { after: 2_000 },
      repetitionGuard: {},
      fallback: [{ provider: anthropic(), model: 'claude' }],
    });
    expect(whole).toEqual([
      'provider',
      'decode',
      'streamTimeout',
      'repetitionGuard',
      'classifyErrors',
      'circuitBreaker',
      'cooldown',
      'rateLimit',
      'holdUntilContent',
      'hedge',
      'retry',
      'checkpoint',
      'fallbackTo',
      'streamTimeout',
    ]);
  });

  it('str-11: prints what it was told', () => {
    const text = described({
      retry: { maxAttempts: 5, initialDelay: 250, factor: 3, maxDelay: 9_000, jitter: 'none', maxRetryAfter: 1_500, afterContent: true },
      timeout: { headers: 1_000, firstContent: 2_500, idle: 50, total: Number.POSITIVE_INFINITY },
      maxRequests: 12,
      repetitionGuard: { maxRepeats: 5 },
      hedge: { after: 1_500, allowTools: true },
      classify: { rules: [{ status: 409, retryable: true }] },
      fallback: [
        { provider: anthropic(), model: 'claude' },
        { provider: openai(), model: 'gpt-4o-mini' },
      ],
    });
    expect(text).toContain(
      '5 attempts a target, 12 requests a call; 250 ms times 3 up to 9 s, none jitter; Retry-After up to 1.5 s; after content too',
    );
    expect(text).toContain('headers 1 s, first content 2.5 s, idle 50 ms');
    expect(text).toContain('total without limit');
    expect(text).toContain('5 repeats');
    expect(text).toContain('after 1.5 s, with tools too');
    expect(text).toContain('1 rules of your own');
    expect(text).toContain('anthropic claude, then openai gpt-4o-mini');
  });

  it('holds no secret', () => {
    expect(described()).not.toContain('sk-secret');
  });

  it('costs no request, and is the same each time', () => {
    const client = createClient({ provider: openai() });
    expect(client.describe()).toBe(client.describe());
  });
});
