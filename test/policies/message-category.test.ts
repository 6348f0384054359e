import { describe, expect, it, test } from 'vitest';
import type { ErrorCategory } from '../../src/core/error-category.ts';
import { messageCategory } from '../../src/policies/message-category.ts';

describe('words alone', () => {
  test.each<[string, ErrorCategory | undefined]>([
    ['cls-08 Rate limit exceeded for model', 'rate-limit'],
    ['cls-08 Too many requests, please retry', 'rate-limit'],
    ['cls-08 Invalid API key provided', 'authentication'],
    ['cls-08 Connection error: timeout', 'timeout'],
    ['cls-08 Server error: overloaded', 'overloaded'],
    ['cls-08 Content filter triggered', 'content-filter'],
    ['cls-22 Rate limit exceeded', 'rate-limit'],
    ['cls-22 Too many requests', 'rate-limit'],
    ['cls-22 Quota exceeded', 'rate-limit'],
    ['cls-22 rate limit', 'rate-limit'],
    ['cls-22 TOO_MANY_REQUESTS', 'rate-limit'],
    ['cls-13 insufficient_quota', 'quota-exhausted'],
    ['cls-13 You exceeded your current quota, please check your plan and billing details.', 'quota-exhausted'],
    ['cls-06 Request timed out', 'timeout'],
    ['cls-06 DEADLINE_EXCEEDED', 'timeout'],
    ['cls-07 Connection refused', 'network'],
    ['cls-10 Some random error', undefined],
    ['cls-14 Invalid API key: see rate limit docs', 'authentication'],
    ['cls-14 content policy violation: request timed out', 'content-filter'],
    ['Your credit balance is too low', 'quota-exhausted'],
    ['prompt is too long: 210000 tokens > 200000 maximum', 'context-length'],
    ["This model's maximum context length is 8192 tokens", 'context-length'],
    ['PERMISSION_DENIED', 'permission-denied'],
    ['The model `gpt-9` does not exist', 'not-found'],
    ['RESOURCE_EXHAUSTED', 'rate-limit'],
    ['The engine is currently overloaded, please try again later', 'overloaded'],
    ['read ECONNRESET', 'network'],
    ['Internal error encountered.', 'server-error'],
    ['The service is temporarily unavailable', 'server-error'],
    ['INVALID_ARGUMENT', 'invalid-request'],
    ['', undefined],
  ])('%s', (message, category) => {
    expect(messageCategory(message.replace(/^cls-\d+ /, ''))).toBe(category);
  });

  it('say nothing where there are none', () => {
    expect(messageCategory(undefined)).toBeUndefined();
  });

  it('that throttle are no word on the context: Bedrock’s “Too many tokens, please wait”', () => {
    expect(messageCategory('Too many tokens, please wait before trying again.')).toBe('rate-limit');
    expect(messageCategory('Rate limit reached: too many tokens per minute')).toBe('rate-limit');
  });

  it('are whole words: a runtime output is no timeout', () => {
    expect(messageCategory('unexpected runtime output')).toBeUndefined();
  });

  it('are read only at the beginning of a long message', () => {
    expect(messageCategory(`${'x'.repeat(1_980)} rate limit`)).toBe('rate-limit');
    expect(messageCategory(`${'x'.repeat(2_000)} rate limit`)).toBeUndefined();
  });
});
