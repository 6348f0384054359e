import { of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { classify, classifyErrors, isProviderError, ProviderError } from '../../src/index.ts';
import { failure, text } from '../../src/testing/index.ts';
import { categoryOf, firehose, listen, watchTimersAndErrors } from './helpers.ts';

const { unhandled } = watchTimersAndErrors();

describe('classifyErrors', () => {
  it.each([
    [{ rules: [{ category: 'rate-limited' }] }, 'rules.0.category'],
    [{ rules: [{ status: '429' }] }, 'rules.0.status'],
    [{ rules: [{ wen: () => true }] }, 'rules.0.wen'],
    [{ rules: [{ retryAfterMs: -1 }] }, 'rules.0.retryAfterMs'],
    [{ rules: 'none' }, 'rules'],
    [{ unknownRetryable: 1 }, 'unknownRetryable'],
    [{ isContent: [] }, 'isContent'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => classifyErrors(config as never)).toThrow(TypeError);
    expect(() => classifyErrors(config as never)).toThrow(`classifyErrors: ${field}`);
  });

  it.each([undefined, null, 0, '', 'busy', [], {}, Symbol.iterator, () => 1, new Proxy({}, {}), Object.create(null)])(
    'makes a ProviderError of %s, whatever it is',
    (thrown) => {
      const told = listen(throwError(() => thrown).pipe(classifyErrors()));
      expect(isProviderError(told.error)).toBe(true);
      expect((told.error as ProviderError).cause).toBe(thrown);
    },
  );

  it('makes one of a thing whose members throw', () => {
    const hostile = Object.defineProperty(new Error('x'), 'status', {
      get() {
        throw new Error('of the getter');
      },
    });
    const told = listen(throwError(() => hostile).pipe(classifyErrors()));
    expect(isProviderError(told.error)).toBe(true);
    expect(unhandled).toEqual([]);
  });

  it('takes a rule that throws for one that does not match', () => {
    const when = () => {
      throw new Error('of the rule');
    };
    const rules = [{ when, category: 'quota-exhausted' as const }, { category: 'rate-limit' as const }];
    expect(categoryOf(listen(throwError(() => new Error('x')).pipe(classifyErrors({ rules }))))).toBe('rate-limit');
  });

  it('makes a ProviderError of what `isContent` throws, as of everything else', () => {
    const source = firehose((index) => index);
    const isContent = () => {
      throw new TypeError('of the callback');
    };
    const told = listen(source.stream.pipe(classifyErrors({ isContent })));
    expect(source.running).toBe(0);
    expect(unhandled).toEqual([]);
    expect(isProviderError(told.error)).toBe(true);
  });

  it('passes an error on that is classified, the very same', () => {
    const error = failure('quota-exhausted');
    expect(listen(throwError(() => error).pipe(classifyErrors({ rules: [{ code: 'other', category: 'network' }] }))).error).toBe(error);
  });

  it('knows an error of another copy of this library', () => {
    const foreign = Object.assign(Object.create(ProviderError.prototype), { category: 'overloaded', retryable: true });
    Object.defineProperty(foreign, Symbol.for('steadystream.ProviderError'), { value: true });
    expect(isProviderError(foreign)).toBe(true);
    expect(classify(foreign)).toBe(foreign);
  });

  it('stamps the phase of each subscription by itself', () => {
    const error = () => new TypeError('terminated');
    const [first, second] = [
      listen(throwError(error).pipe(classifyErrors())),
      listen(of(text('Hello')).pipe((source) => source, classifyErrors())),
    ];
    expect(first.error).toMatchObject({ phase: 'connect' });
    expect(second.error).toBeUndefined();
  });
});
