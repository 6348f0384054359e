import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { BoundedQueue } from '../../src/policies/bounded-queue.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Megabytes in use once everything that can be freed has been. */
function used(): number {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

describe('a bounded queue', () => {
  it('keeps nothing of what it dropped behind a value that nobody takes', () => {
    const queue = new BoundedQueue<number>({ maxItems: 8, maxBytes: 1_000, overflow: 'drop-oldest' });
    queue.offer(0, 1, true);
    const before = used();
    for (let each = 1; each <= 300_000; each++) queue.offer(each, 1, false);
    expect(used() - before).toBeLessThan(4);
    expect(queue.dropped).toBe(300_000 - 7);
    expect([queue.take(), queue.take()]).toEqual([{ value: 0 }, { value: 300_000 - 6 }]);
  });

  it('keeps nothing of what was taken', () => {
    const queue = new BoundedQueue<object>({ maxItems: 8, maxBytes: 1_000, overflow: 'drop-oldest' });
    const before = used();
    for (let each = 0; each < 300_000; each++) {
      queue.offer({ each }, 1, false);
      queue.take();
    }
    expect(used() - before).toBeLessThan(4);
    expect(queue.dropped).toBe(0);
  });

  it('drops in constant time, however long it is', () => {
    const queue = new BoundedQueue<number>({ maxItems: 50_000, maxBytes: Number.POSITIVE_INFINITY, overflow: 'drop-oldest' });
    for (let each = 0; each < 250_000; each++) queue.offer(each, 1, false);
    expect(queue.length).toBe(50_000);
    expect(queue.take()).toEqual({ value: 200_000 });
  });
});
