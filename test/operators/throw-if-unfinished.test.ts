import { concat, EMPTY, NEVER, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { throwIfUnfinished } from '../../src/index.ts';
import { failure } from '../../src/testing/index.ts';
import { categoryOf, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { unhandled } = watchTimersAndErrors();
const isStop = (value: unknown): boolean => value === 'stop';

describe('throwIfUnfinished', () => {
  it.each([undefined, null, 'stop', {}])('throws a TypeError for %j', (isFinish) => {
    expect(() => throwIfUnfinished(isFinish as never)).toThrow(TypeError);
    expect(() => throwIfUnfinished(isFinish as never)).toThrow('throwIfUnfinished: isFinish');
  });

  it('str-22, str-24: an end without its sign is an interruption, never a success', () => {
    expect(categoryOf(listen(EMPTY.pipe(throwIfUnfinished(isStop))))).toBe('interrupted');
    const told = listen(of('a', 'b').pipe(throwIfUnfinished(isStop)));
    expect(told.values).toEqual(['a', 'b']);
    expect(told.error).toMatchObject({ category: 'interrupted', retryable: true });
  });

  it('lets an end behind its sign be', () => {
    const told = listen(of('a', 'stop', 'usage').pipe(throwIfUnfinished(isStop)));
    expect(told.values).toEqual(['a', 'stop', 'usage']);
    expect(told).toMatchObject({ ends: 1, error: undefined });
  });

  it('does not ask any more once it knows', () => {
    let asked = 0;
    listen(of('stop', 'a', 'b').pipe(throwIfUnfinished((value) => asked++ >= 0 && value === 'stop')));
    expect(asked).toBe(1);
  });

  it('a failure is itself, before and after the sign', () => {
    const error = failure('network');
    for (const before of [EMPTY, of('stop')]) {
      expect(
        listen(
          concat(
            before,
            throwError(() => error),
          ).pipe(throwIfUnfinished(isStop)),
        ).error,
      ).toBe(error);
    }
  });

  it('raises what `isFinish` throws, and leaves the source', () => {
    const thrown = new Error('of the callback');
    const source = new Tap(concat(of(1), NEVER));
    const told = listen(
      source.stream.pipe(
        throwIfUnfinished(() => {
          throw thrown;
        }),
      ),
    );
    expect(told.error).toBe(thrown);
    expect(source.running).toBe(0);
    expect(unhandled).toEqual([]);
  });
});
