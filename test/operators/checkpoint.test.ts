import { concat, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { checkpoint, defaults, type EventLike, type ProviderError } from '../../src/index.ts';
import { failure, text } from '../../src/testing/index.ts';
import { listen } from './helpers.ts';

const failing = (...events: EventLike[]) =>
  concat(
    of(...events),
    throwError(() => failure('interrupted')),
  );
const partialOf = (...events: EventLike[]) => (listen(failing(...events).pipe(checkpoint())).error as ProviderError).partial;

describe('checkpoint', () => {
  it('joins only when somebody asks, and then keeps it', () => {
    const told = listen(failing(text('Hel'), text('lo')).pipe(checkpoint()));
    const error = told.error as ProviderError;
    expect(Object.getOwnPropertyDescriptor(error, 'partial')?.get).toBeTypeOf('function');
    const { partial } = error;
    expect(partial).toMatchObject({ text: 'Hello', finishReason: undefined });
    expect(error.partial).toBe(partial);
  });

  it('keeps what a user said out of logs', () => {
    const told = listen(failing(text('a secret')).pipe(checkpoint()));
    expect(JSON.stringify(told.error)).not.toContain('secret');
    expect(Object.keys(told.error as object)).not.toContain('partial');
  });

  it('keeps the end of a text beyond its limit, and says so', () => {
    const piece = 'x'.repeat(65_536);
    const pieces = Array.from({ length: 80 }, () => text(piece));
    const partial = partialOf(text('first '), ...pieces, text('last'));
    expect(partial?.truncated).toBe(true);
    expect(partial?.text.length).toBeLessThanOrEqual(defaults.partial.maxCharacters + 65_536);
    expect(partial?.text.endsWith('xlast')).toBe(true);
    expect(partial?.text.startsWith('first')).toBe(false);
  });

  it('leaves a partial answer that an error brings along', () => {
    const partial = {
      text: 'mine',
      reasoning: '',
      toolCalls: [],
      messages: [],
      usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true },
      finishReason: undefined,
    };
    const source = concat(
      of(text('other')),
      throwError(() => failure('interrupted', { partial })),
    );
    expect((listen(source.pipe(checkpoint())).error as ProviderError).partial).toBe(partial);
  });

  it('passes on an error that is not ours', () => {
    const error = new Error('mine');
    expect(
      listen(
        concat(
          of(text('a')),
          throwError(() => error),
        ).pipe(checkpoint()),
      ).error,
    ).toBe(error);
  });
});
