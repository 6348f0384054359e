import { concat, delay, of, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createClient, type EventLike, streamStatistics } from '../../src/index.ts';
import { failure, fakeProvider, finish, text } from '../../src/testing/index.ts';
import { listen, watchTimersAndErrors } from './helpers.ts';

watchTimersAndErrors();
const paced = (...characters: number[]) => concat(...characters.map((count) => of(text('x'.repeat(count))).pipe(delay(500))));

describe('streamStatistics', () => {
  it('counts deltas and characters, and says how fast they came (adp-04)', () => {
    const told = listen(paced(10, 15, 20).pipe(streamStatistics()));
    vi.advanceTimersByTime(1_500);
    expect(told.values).toEqual([
      { deltas: 3, characters: 45, firstContentMs: 500, durationMs: 1_500, deltasPerSecond: 3, charactersPerSecond: 45 },
    ]);
    expect(told.ends).toBe(1);
  });

  it('has the time to first content, waits included, and the whole (adp-20)', () => {
    const slow = fakeProvider(concat(of(text('a')).pipe(delay(300)), of(text('b'), finish()).pipe(delay(700))));
    const told = listen(
      createClient({ provider: slow })
        .stream({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] })
        .pipe(streamStatistics()),
    );
    vi.advanceTimersByTime(2_000);
    expect(told.values).toMatchObject([{ deltas: 2, characters: 2, firstContentMs: 300, durationMs: 1_000 }]);
  });

  it('forgets what a restart makes void, and has no first content where there was none', () => {
    const restart = { type: 'restart' } as EventLike;
    expect(listen(of(text('void'), restart, text('ab')).pipe(streamStatistics())).values).toMatchObject([{ deltas: 1, characters: 2 }]);
    expect(listen(of().pipe(streamStatistics())).values).toEqual([
      { deltas: 0, characters: 0, firstContentMs: undefined, durationMs: 0, deltasPerSecond: 0, charactersPerSecond: 0 },
    ]);
  });

  it('fails with its source', () => {
    const told = listen(
      concat(
        of(text('a')),
        throwError(() => failure('network')),
      ).pipe(streamStatistics()),
    );
    expect(told.values).toEqual([]);
    expect(told.error).toMatchObject({ category: 'network' });
  });
});
