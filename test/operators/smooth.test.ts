import { Observable, Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { currentFlowGate } from '../../src/core/flow-gate.ts';
import { bySentence, byWord, smooth } from '../../src/index.ts';
import { failure } from '../../src/testing/index.ts';
import { listen, watchTimersAndErrors } from './helpers.ts';

const { timers } = watchTimersAndErrors();

describe('smooth', () => {
  it.each([
    [{ charactersPerSecond: 0 }, 'charactersPerSecond'],
    [{ maxLag: -1 }, 'maxLag'],
    [{ speed: 5 }, 'speed'],
  ])('throws a TypeError for %j that names the option', (config, field) => {
    expect(() => smooth(config as never)).toThrow(TypeError);
    expect(() => smooth(config as never)).toThrow(`smooth: ${field}`);
  });

  it('has one timer at most, and none while nothing waits', () => {
    const source = new Subject<string>();
    const told = listen(source.pipe(smooth({ charactersPerSecond: 100 })));
    expect(timers()).toBe(0);
    for (let count = 0; count < 50; count++) {
      source.next('word ');
      expect(timers()).toBe(1);
    }
    vi.advanceTimersByTime(5_000);
    expect(timers()).toBe(0);
    expect(told.values.join('')).toBe('word '.repeat(50));
  });

  it('pauses a source that can pause, and keeps its pace', () => {
    let emitted = 0;
    const source = new Observable<string>((subscriber) => {
      const gate = currentFlowGate();
      if (!gate) return;
      gate.taken = true;
      const run = (): void => {
        while (!subscriber.closed && gate.open && emitted < 20_000) {
          emitted += 10;
          subscriber.next('0123456789');
        }
      };
      subscriber.add(gate.onReopen(run));
      run();
    });
    const told = listen(source.pipe(smooth({ charactersPerSecond: 400 })));
    for (let second = 1; second <= 20; second++) {
      vi.advanceTimersByTime(1_000);
      const shown = told.values.join('').length;
      expect(shown).toBeGreaterThan(390 * second);
      expect(shown).toBeLessThan(402 * second);
      expect(emitted - shown).toBeLessThanOrEqual(420);
    }
    told.subscription.unsubscribe();
    expect(timers()).toBe(0);
  });

  it('shows all within the lag, whatever comes', () => {
    const source = new Subject<string>();
    const told = listen(source.pipe(smooth({ charactersPerSecond: 10, maxLag: 500 })));
    let given = '';
    const then: number[] = [];
    for (let step = 0; step < 100; step++) {
      source.next('x'.repeat(step % 7));
      given += 'x'.repeat(step % 7);
      then.push(given.length);
      vi.advanceTimersByTime(50);
      expect(told.values.join('').length).toBeGreaterThanOrEqual(then[step - 9] ?? 0);
    }
  });

  it('holds no more than 1 MiB for whom nothing else bounds', () => {
    const source = new Subject<string>();
    const told = listen(source.pipe(smooth({ charactersPerSecond: 1, maxLag: Number.POSITIVE_INFINITY })));
    for (let count = 0; count < 20; count++) source.next('é'.repeat(65_536));
    expect(told.values.join('').length).toBeGreaterThan(20 * 65_536 - 524_400);
    told.subscription.unsubscribe();
    expect(timers()).toBe(0);
  });

  it('drops the rest when the stream is cancelled', () => {
    const source = new Subject<string>();
    const told = listen(source.pipe(smooth({ charactersPerSecond: 10 })));
    source.next('Hello');
    source.error(failure('cancelled'));
    expect(told.values).toEqual(['H']);
    expect(timers()).toBe(0);
  });
});

describe('byWord and bySentence', () => {
  it.each([byWord, bySentence])('throw a TypeError for a locale that is none, and without Intl.Segmenter', (make) => {
    expect(() => make({ locale: '!' })).toThrow(/locale must be a language tag/);
    expect(() => make({ language: 'de' } as never)).toThrow(TypeError);
    const { Segmenter } = Intl;
    try {
      Object.assign(Intl, { Segmenter: undefined });
      expect(() => make()).toThrow(/no Intl.Segmenter/);
    } finally {
      Object.assign(Intl, { Segmenter });
    }
  });

  it('keep the order when a consumer causes the next delta while it takes a word', () => {
    const source = new Subject<string>();
    const told = listen(source.pipe(byWord()), { next: (word) => word === 'a ' && source.next('d e') });
    source.next('a b c ');
    source.complete();
    expect(told.values.join('')).toBe('a b c d e');
    expect(told.ends).toBe(1);
  });
});
