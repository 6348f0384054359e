import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedQueue, type QueueLimits } from '../../src/policies/bounded-queue.ts';
import { numRuns, same, timeout } from './runs.ts';

interface Entry {
  readonly value: number;
  readonly bytes: number;
  readonly isProtected: boolean;
}

/** The queue as an array. */
class ReferenceQueue {
  entries: Entry[] = [];
  dropped = 0;
  readonly limits: QueueLimits;

  constructor(limits: QueueLimits) {
    this.limits = limits;
  }

  get bytes(): number {
    return this.entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  fits({ bytes }: Entry): boolean {
    const { maxItems, maxBytes } = this.limits;
    return this.entries.length === 0 || (this.entries.length < maxItems && this.bytes + bytes <= maxBytes);
  }

  offer(entry: Entry, grace: number): boolean {
    const { overflow, maxItems, maxBytes } = this.limits;
    while (overflow === 'drop-oldest' && !this.fits(entry)) {
      const oldest = this.entries.findIndex(({ isProtected }) => !isProtected);
      if (oldest === -1) break;
      this.entries.splice(oldest, 1);
      this.dropped++;
    }
    if (this.fits(entry)) {
      this.entries.push(entry);
      return true;
    }
    // What may exceed the limit: a source that is pausing by its grace, what is protected by as much again; and neither to more than twice the bytes.
    const isDropping = overflow === 'drop-oldest' || overflow === 'drop-newest';
    const excess = overflow === 'pause' ? grace : isDropping && entry.isProtected ? maxItems : 0;
    if (isDropping && !entry.isProtected) {
      this.dropped++;
      return true;
    }
    if (excess === 0 || this.entries.length >= maxItems + excess || this.bytes + entry.bytes > 2 * maxBytes) return false;
    this.entries.push(entry);
    return true;
  }
}

type Command =
  | { readonly type: 'next'; readonly bytes: number; readonly isProtected: boolean; readonly grace: number; readonly times: number }
  | { readonly type: 'take'; readonly times: number }
  | { readonly type: 'clear' };

const limits: fc.Arbitrary<QueueLimits> = fc.record({
  maxItems: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(Number.POSITIVE_INFINITY)),
  maxBytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(Number.POSITIVE_INFINITY)),
  overflow: fc.constantFrom('pause', 'drop-oldest', 'drop-newest', 'error'),
});

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('next'),
      bytes: fc.oneof({ weight: 5, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.nat(400) }),
      isProtected: fc.boolean(),
      grace: fc.constantFrom(0, 0, 3),
      // A burst, now and then: one subscriber, many values at once.
      times: fc.constantFrom(1, 1, 1, 1, 1, 30),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('take'), times: fc.constantFrom(1, 1, 2, 20) }) },
  { weight: 1, arbitrary: fc.constant({ type: 'clear' as const }) },
);

describe('a bounded queue', () => {
  it('does as an array would within the limits, loses nothing protected, and counts what it drops', { timeout }, () => {
    fc.assert(
      fc.property(limits, fc.array(command, { maxLength: 60, size: 'max' }), (config, commands) => {
        const queue = new BoundedQueue<number>(config);
        const reference = new ReferenceQueue(config);
        let next = 0;
        let accepted = 0;
        let taken = 0;
        let cleared = 0;
        for (const each of commands) {
          if (each.type === 'clear') {
            cleared += queue.length;
            queue.clear();
            reference.entries = [];
          } else if (each.type === 'take') {
            for (let time = 0; time < each.times; time++) {
              const expected = reference.entries.shift();
              same(queue.take()?.value, expected?.value);
              if (expected) taken++;
            }
          } else {
            for (let time = 0; time < each.times; time++) {
              const entry: Entry = { value: next++, bytes: each.bytes, isProtected: each.isProtected };
              const fits = queue.offer(entry.value, entry.bytes, entry.isProtected, each.grace);
              same(fits, reference.offer(entry, each.grace));
              if (fits) accepted++;
            }
          }
          same(queue.length, reference.entries.length);
          same(queue.dropped, reference.dropped);
          same(queue.isFull, reference.entries.length >= config.maxItems || reference.bytes >= config.maxBytes);
          same(queue.hasRoom, reference.entries.length <= config.maxItems / 2 && reference.bytes <= config.maxBytes / 2);
          // Every value is somewhere.
          same(accepted, taken + cleared + queue.dropped + queue.length);
        }
        const rest: number[] = [];
        for (let entry = queue.take(); entry; entry = queue.take()) rest.push(entry.value);
        expect(rest).toEqual(reference.entries.map(({ value }) => value));
        expect(queue.length).toBe(0);
        expect(queue.hasRoom).toBe(true);
      }),
      { numRuns },
    );
  });
});
