import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Checkpoint } from '../../src/core/checkpoint.ts';
import { errorCategories } from '../../src/core/error-category.ts';
import { completeError, type ErrorInit, isProviderError, ProviderError } from '../../src/core/provider-error.ts';
import type { StreamResult } from '../../src/core/stream-result.ts';
import { propertyTimeout, runs } from './properties.ts';

const partial = (text: string): StreamResult => ({
  text,
  reasoning: '',
  toolCalls: [],
  messages: [],
  usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true },
  finishReason: undefined,
});

const attempt = (number: number) => ({ attempt: number, provider: 'openai', model: 'm-1', category: 'rate-limit' as const, delayMs: 5 });

describe('the message', () => {
  it('suffices alone', () => {
    const error = new ProviderError({
      category: 'rate-limit',
      status: 429,
      provider: 'openai',
      model: 'gpt-4o-mini',
      retryAfterMs: 11_500,
      requestId: 'req_1',
      attempts: [attempt(1), attempt(2), attempt(3)],
    });
    expect(error.message).toBe('openai gpt-4o-mini: rate-limit (HTTP 429) after 3 attempts, retry in 12 s [req_1]');
    expect(String(error)).toBe(`ProviderError: ${error.message}`);
    expect(error.stack?.split('\n')[0]).toBe(`ProviderError: ${error.message}`);
  });

  it('names the deadline and the reason, and is short where little is known', () => {
    expect(new ProviderError({ category: 'timeout', timeout: 'idle', provider: 'x' }).message).toBe('x: timeout (idle)');
    expect(new ProviderError({ category: 'protocol', reason: 'no body' }).message).toBe('steadystream: protocol: no body');
    expect(new ProviderError({ category: 'network' }).message).toBe('steadystream: network');
  });

  it('never holds the words of the provider', () => {
    const error = new ProviderError({ category: 'invalid-request', detail: 'the user said: hello', cause: new Error('hello') });
    expect(error.message).not.toContain('hello');
    expect(error.detail).toBe('the user said: hello');
  });

  it('is in the inspected form also where there is no stack', () => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      expect(inspect(new ProviderError({ category: 'network', provider: 'openai' }))).toContain('openai: network');
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});

describe('what it shows', () => {
  const error = new ProviderError({
    category: 'server-error',
    detail: 'key sk-abcdefghijkl is bad',
    partial: partial('what the user was told'),
    checkpoint: { version: 1 } as Checkpoint,
    cause: new Error('raw sk-abcdefghijkl'),
  });

  it('is all but partial, checkpoint and cause: as JSON, inspected, and enumerated', () => {
    for (const shown of [
      JSON.stringify(error),
      inspect(error),
      inspect(error, { depth: 9, showHidden: false }),
      Object.keys(error).join(),
    ]) {
      expect(shown).not.toMatch(/partial|checkpoint|cause|user was told|raw|sk-abc/);
    }
    expect(error.partial?.text).toBe('what the user was told');
    expect(error.checkpoint).toEqual({ version: 1 });
    expect((error.cause as Error).message).toBe('raw sk-abcdefghijkl');
  });

  it('cls-19 is a serializable description', () => {
    const limited = new ProviderError({ category: 'rate-limit', provider: 'openai', status: 429 });
    expect(JSON.parse(JSON.stringify(limited))).toMatchObject({
      name: 'ProviderError',
      provider: 'openai',
      status: 429,
      retryable: true,
      category: 'rate-limit',
    });
  });

  it('cls-25 has a sentence for end users that holds none of the provider’s words', () => {
    const leaky = new ProviderError({
      category: 'authentication',
      detail: 'key sk-abc123 invalid',
      requestId: 'r',
      provider: 'openai',
      model: 'm',
      status: 401,
    });
    expect(leaky.toPublic()).toEqual({
      message: errorCategories.authentication.publicMessage,
      category: 'authentication',
      requestId: 'r',
      retryable: false,
    });
    expect(new ProviderError({ category: 'rate-limit', retryAfterMs: 0 }).toPublic().retryAfterMs).toBe(0);
  });

  const words = fc.string({ unit: 'binary', maxLength: 60 });
  const facts = fc.record(
    {
      provider: words,
      model: words,
      code: words,
      detail: words,
      reason: words,
      requestId: words.filter((id) => id !== ''),
      providerRequestId: words,
    },
    { requiredKeys: [] },
  );
  const shown = (shownError: ProviderError) =>
    [shownError.message, ...Object.values(shownError), ...Object.values(shownError.toPublic())]
      .filter((value) => typeof value === 'string')
      .join('');
  // Only line ends of the stack are wanted in the inspected form.
  const control = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u;

  it('holds no control character, whatever it was made with', { timeout: propertyTimeout }, () => {
    fc.assert(
      fc.property(facts, (init) => {
        const made = new ProviderError({ category: 'network', ...init });
        expect(shown(made)).not.toMatch(/\p{Cc}/u);
        expect(inspect(made)).not.toMatch(control);
      }),
      runs(),
    );
  });

  it('holds no control character, whatever it was completed with', { timeout: propertyTimeout }, () => {
    fc.assert(
      fc.property(facts, (more) => {
        const completed = completeError(new ProviderError({ category: 'network' }), more);
        expect(shown(completed)).not.toMatch(/\p{Cc}/u);
      }),
      runs(),
    );
  });

  it('holds no secret that it was completed with', () => {
    const completed = completeError(new ProviderError({ category: 'network' }), {
      model: 'sk-abcdefghijkl',
      detail: 'Bearer abcdefghijkl',
    });
    expect(`${completed.message}${JSON.stringify(completed)}`).not.toContain('abcdefghijkl');
  });
});

describe('partial', () => {
  it('is joined when somebody asks, once', () => {
    const join = vi.fn(() => partial('Hel'));
    const error = new ProviderError({ category: 'network', partial: join });
    JSON.stringify(error);
    inspect(error);
    expect(join).not.toHaveBeenCalled();
    expect(error.partial?.text).toBe('Hel');
    expect(error.partial).toBe(error.partial);
    expect(join).toHaveBeenCalledTimes(1);
  });
});

describe('completeError', () => {
  it('fills in what is missing, and overrides nothing', () => {
    const error = new ProviderError({ category: 'network', provider: 'a', code: 'ECONNRESET', partial: partial('x') });
    const same = completeError(error, {
      provider: 'b',
      model: 'm',
      code: 'EPIPE',
      requestId: 'r-1',
      partial: partial('y'),
      cause: 'why',
      gaveUp: 'attempts',
    });
    expect(same).toBe(error);
    expect(same).toMatchObject({ provider: 'a', model: 'm', code: 'ECONNRESET', requestId: 'r-1', gaveUp: 'attempts', cause: 'why' });
    expect(same.partial?.text).toBe('x');
    expect(same.message).toBe('a m: network [r-1]');
    expect(same.stack).toContain(same.message);
    expect(Object.keys(same)).not.toContain('cause');
  });

  it('replaces the ledger, and leaves what nobody says', () => {
    const error = completeError(new ProviderError({ category: 'network', model: 'm' }), {
      attempts: [attempt(1), attempt(2)],
      model: undefined,
    });
    expect(error.attempts).toHaveLength(2);
    expect(error.model).toBe('m');
  });

  it('lets the phase only advance', () => {
    const phaseAfter = (from: ErrorInit['phase'], to: ErrorInit['phase']) =>
      completeError(new ProviderError({ category: 'network', phase: from }), { phase: to }).phase;
    expect(phaseAfter('connect', 'streaming')).toBe('streaming');
    expect(phaseAfter('streaming', 'connect')).toBe('streaming');
    expect(phaseAfter('local', 'streaming')).toBe('local');
    expect(phaseAfter('first-content', undefined)).toBe('first-content');
  });

  it('does not touch an error of another request: it is the cause of a new one', () => {
    const first = new ProviderError({ category: 'overloaded', requestId: 'r-1', detail: 'busy', attempts: [attempt(1)] });
    const second = completeError(first, { requestId: 'r-2', provider: 'p' });
    expect(second).not.toBe(first);
    expect(second).toMatchObject({ category: 'overloaded', requestId: 'r-2', provider: 'p', detail: 'busy', attempts: [], cause: first });
    expect(first).toMatchObject({ requestId: 'r-1', provider: undefined });
    expect(second.message).toBe('p: overloaded [r-2]');
  });
});

describe('cls-28 there is one error class', () => {
  it('is recognized across copies of the library', async () => {
    vi.resetModules();
    const copy = await import('../../src/core/provider-error.ts');
    expect(copy.ProviderError).not.toBe(ProviderError);
    const foreign = new copy.ProviderError({ category: 'network' });
    expect(foreign).not.toBeInstanceOf(ProviderError);
    expect(isProviderError(foreign)).toBe(true);
    expect(isProviderError(new ProviderError({ category: 'network' }))).toBe(true);
  });

  it('is not mistaken for anything else', () => {
    for (const value of [undefined, null, 'ProviderError', {}, new Error('x'), { name: 'ProviderError', category: 'network' }]) {
      expect(isProviderError(value)).toBe(false);
    }
  });

  it('is an Error with a name and a stack of its own', () => {
    const error = new ProviderError({ category: 'network' });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('ProviderError');
    expect(error.stack).toContain('provider-error.test.ts');
  });
});
