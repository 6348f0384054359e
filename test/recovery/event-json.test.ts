import { describe, expect, it } from 'vitest';
import type { EventLike } from '../../src/core/event.ts';
import { isProviderError, ProviderError } from '../../src/core/provider-error.ts';
import { parseEvent, serializeEvent } from '../../src/recovery/event-json.ts';
import { failure, finish, reasoning, start, text, toolCall } from '../../src/testing/index.ts';

const restored = (event: object) => parseEvent(serializeEvent(event as EventLike)) as EventLike & { readonly error?: unknown };

describe('an event that is kept', () => {
  it.each<[string, object]>([
    ['start', start()],
    ['text', text('“Zürich” 🌍 \u2028 \u0000')],
    ['reasoning', reasoning('hm')],
    ['a tool call', toolCall('weather', { city: 'Zürich', deep: [{ a: null }] })],
    ['the end', finish()],
    ['one of somebody else', { type: 'made-up', error: 'a text', category: 'x' }],
  ])('is what it was: %s', (_name, event) => {
    expect(restored(event)).toEqual(event);
  });

  it('has an error again that is ours', () => {
    const error = new ProviderError({
      category: 'rate-limit',
      status: 429,
      provider: 'acme',
      model: 'm',
      code: 'slow_down',
      retryAfterMs: 12_000,
      requestId: 'request-1',
      attempts: [{ attempt: 1, provider: 'acme', model: 'm', category: 'rate-limit', delayMs: 0 }],
    });
    const event = restored({ type: 'restart', requestId: 'request-1', error, attempt: 2, provider: 'acme', model: 'm' });
    expect(isProviderError(event.error)).toBe(true);
    expect((event.error as ProviderError).message).toBe(error.message);
    expect((event.error as ProviderError).toJSON()).toEqual(error.toJSON());
  });

  it('holds neither the partial answer nor the cause of its error', () => {
    const error = new ProviderError({ category: 'network', cause: new Error('sk-secret'), partial: { text: 'private' } as never });
    const json = serializeEvent({ type: 'retry', error } as EventLike);
    expect(json).not.toMatch(/sk-secret|private/);
    expect((parseEvent(json) as unknown as { error: ProviderError }).error.cause).toBeUndefined();
  });

  it('keeps an error of somebody else as it is', () => {
    for (const error of [{ name: 'Error', message: 'x' }, { name: 'ProviderError' }, null, 'ProviderError']) {
      expect(restored({ type: 'made-up', error }).error).toEqual(error);
    }
  });

  it('keeps a failure of the fixtures', () => {
    const event = restored({ type: 'retry', error: failure('overloaded') });
    expect((event.error as ProviderError).category).toBe('overloaded');
  });

  it('is refused where JSON cannot hold it', () => {
    const cyclic: Record<string, unknown> = { type: 'made-up' };
    cyclic.self = cyclic;
    const revoked = Proxy.revocable({ type: 'x' }, {});
    revoked.revoke();
    for (const event of [cyclic, { type: 'made-up', big: 1n }, revoked.proxy]) {
      expect(() => serializeEvent(event as unknown as EventLike)).toThrow(
        expect.objectContaining({ category: 'protocol', code: 'not-json' }),
      );
    }
  });
});
