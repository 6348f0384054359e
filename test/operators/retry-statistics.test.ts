import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createClient, type RetryStatistics, retryStatistics, retrySuccessRate } from '../../src/index.ts';
import { type FakeAttempt, failure, fakeProvider, finish, text } from '../../src/testing/index.ts';

const request = { model: 'm', messages: [{ role: 'user' as const, content: 'Hello' }] };
const answer: FakeAttempt = [text('Hello'), finish()];

/** One client, one call after the other. */
async function counted(...calls: readonly (readonly FakeAttempt[])[]): Promise<RetryStatistics> {
  const provider = fakeProvider(...calls.flat());
  const client = createClient({ provider, retry: { initialDelay: 2, factor: 1, jitter: 'none', maxAttempts: 3 } });
  let latest: RetryStatistics | undefined;
  const counting = client.lifecycle$.pipe(retryStatistics()).subscribe((counts) => {
    latest = counts;
  });
  for (const _ of calls) await lastValueFrom(client.stream(request).pipe(toArray())).catch(() => undefined);
  counting.unsubscribe();
  if (!latest) throw new Error('nothing was counted');
  return latest;
}

describe('retry statistics', () => {
  it('rty-10 begin with nothing, and begin again with each subscription', async () => {
    const client = createClient({ provider: fakeProvider() });
    for (let round = 0; round < 2; round++) {
      const seen: RetryStatistics[] = [];
      client.lifecycle$
        .pipe(retryStatistics())
        .subscribe((counts) => seen.push(counts))
        .unsubscribe();
      expect(seen).toEqual([{ retries: {}, errors: {}, successes: {}, failures: {}, totalDelayMs: 0 }]);
    }
  });

  it('rty-02 rty-19 count a retry by provider and category, its error, its wait, and the success after it', async () => {
    expect(await counted([failure('rate-limit'), failure('server-error'), answer])).toEqual({
      retries: { 'fake:rate-limit': 1, 'fake:server-error': 1 },
      errors: { 'rate-limit': 1, 'server-error': 1 },
      successes: { fake: 1 },
      failures: {},
      totalDelayMs: 4,
    });
  });

  it('rty-04 count a call that failed after its retries as one failure', async () => {
    const busy = () => failure('server-error');
    expect(await counted([busy(), busy(), busy()])).toMatchObject({ failures: { fake: 1 }, successes: {}, errors: { 'server-error': 3 } });
  });

  it('rty-18 count a failure without a retry as an error, and as no failure of a retry', async () => {
    expect(await counted([failure('authentication')])).toMatchObject({ errors: { authentication: 1 }, failures: {}, retries: {} });
  });

  it('rty-20 tell the share of retried calls that ended well, and 0 of nothing', async () => {
    const busy = () => failure('server-error');
    const counts = await counted([busy(), answer], [busy(), busy(), busy()], [busy(), answer]);
    expect(retrySuccessRate(counts, 'fake')).toBeCloseTo(2 / 3);
    expect(retrySuccessRate(counts, 'other')).toBe(0);
  });
});
