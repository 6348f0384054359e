import { NEVER, Observable, of, Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { FlowGate, withFlowGate } from '../../src/core/flow-gate.ts';
import { holdBack } from '../../src/index.ts';
import { failure } from '../../src/testing/index.ts';
import { categoryOf, listen, Tap, watchTimersAndErrors } from './helpers.ts';

const { timers, unhandled } = watchTimersAndErrors();

describe('holdBack', () => {
  it.each([
    [{ window: 0 }, 'window'],
    [{ overlap: -1 }, 'overlap'],
    [{ maxConcurrent: 0 }, 'maxConcurrent'],
    [{ timeout: 0 }, 'timeout'],
    [{ size: 5 }, 'size'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => holdBack(() => true, config as never)).toThrow(TypeError);
    expect(() => holdBack(() => true, config as never)).toThrow(`holdBack: ${field}`);
  });

  it('throws a TypeError without a check', () => {
    expect(() => holdBack(undefined as never)).toThrow(/holdBack: check/);
  });

  it('cuts no character in half, however small the window', () => {
    const seen: string[] = [];
    const check = (text: string) => {
      seen.push(text);
    };
    expect(listen(of('😀b', '😀😀').pipe(holdBack(check, { window: 1, overlap: 1 }))).values).toEqual(['😀', 'b', '😀', '😀']);
    expect(seen).toEqual(['😀', '😀b', 'b😀', '😀😀']);
  });

  it('shows each check what came before its window', () => {
    const seen: [string, number, number][] = [];
    const check = (text: string, { index, overlap }: { index: number; overlap: number }) => {
      seen.push([text, index, overlap]);
    };
    expect(listen(of('abcdefghij').pipe(holdBack(check, { window: 4, overlap: 2 }))).values).toEqual(['abcd', 'efgh', 'ij']);
    expect(seen).toEqual([
      ['abcd', 0, 0],
      ['cdefgh', 1, 2],
      ['ghij', 2, 2],
    ]);
  });

  it.each([
    ['says false', () => false, 'content-filter'],
    ['says false later', () => of(false), 'content-filter'],
    ['says something else', () => ({ flagged: true }) as never, 'unknown'],
    ['says text', () => of('fine') as never, 'unknown'],
    [
      'throws',
      () => {
        throw Object.assign(new Error('busy'), { status: 429 });
      },
      'rate-limit',
    ],
  ])('emits nothing of a window whose check %s', (_name, check, category) => {
    const source = new Tap(of('some text', NEVER as never));
    const told = listen(source.stream.pipe(holdBack(check, { window: 4 })));
    expect(told.values).toEqual([]);
    expect(told.error).toMatchObject({ category, phase: 'local' });
    expect([source.running, timers()]).toEqual([0, 0]);
  });

  it('takes a promise, and a rejection is classified', async () => {
    const fine = listen(of('text').pipe(holdBack(async () => undefined)));
    const broken = listen(of('text').pipe(holdBack(() => Promise.reject(new TypeError('fetch failed')))));
    await vi.advanceTimersByTimeAsync(0);
    expect(fine).toMatchObject({ values: ['text'], ends: 1, error: undefined });
    expect([broken.values, categoryOf(broken)]).toEqual([[], 'network']);
    expect([timers(), unhandled]).toEqual([0, []]);
  });

  it('aborts the running checks when the consumer leaves, and leaves no timer', () => {
    const signals: AbortSignal[] = [];
    const check = (_: string, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return NEVER;
    };
    const told = listen(new Subject<string>().pipe(holdBack(check)));
    told.subscription.unsubscribe();
    const source = new Subject<string>();
    const second = listen(source.pipe(holdBack(check, { window: 2, maxConcurrent: 2 })));
    source.next('abcdefgh');
    second.subscription.unsubscribe();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(timers()).toBe(0);
  });

  it('drops what is held when the stream is cancelled', () => {
    const source = new Subject<string>();
    const told = listen(source.pipe(holdBack(() => NEVER, { window: 2 })));
    source.next('abcdef');
    source.error(failure('cancelled'));
    expect([told.values, categoryOf(told), timers()]).toEqual([[], 'cancelled', 0]);
  });

  it('overflows where nothing can be paused, and lets a single large value through', () => {
    const source = new Subject<string>();
    const told = listen(source.pipe(holdBack(() => NEVER)));
    for (let count = 0; count < 9; count++) source.next('x'.repeat(65_536));
    expect(told.error).toMatchObject({ category: 'buffer-overflow', phase: 'local' });
    expect(listen(of('x'.repeat(1_000_000)).pipe(holdBack(() => true))).values.join('')).toHaveLength(1_000_000);
  });

  it('waits for a consumer that pauses', () => {
    const gate = new FlowGate();
    const values: string[] = [];
    gate.close();
    withFlowGate(gate, () => {
      new Observable<string>((subscriber) => subscriber.next('abcdefgh'))
        .pipe(holdBack(() => true, { window: 2 }))
        .subscribe((value) => values.push(value));
    });
    expect([gate.taken, values]).toEqual([true, []]);
    gate.reopen();
    expect(values).toEqual(['ab', 'cd', 'ef']);
  });
});
