import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Deadlines, StreamDeadlines } from '../../src/policies/stream-deadlines.ts';
import { propertyTimeout, runs } from '../core/properties.ts';

const all: Deadlines = { headers: 30, firstContent: 120, idle: 60, total: 600 };

describe('the next deadline', () => {
  it('is headers, then first content, then idle, each from its own beginning', () => {
    const watch = new StreamDeadlines(all, 1_000);
    expect(watch.due()).toEqual({ at: 1_030, name: 'headers' });
    watch.headersCame();
    expect(watch.due()).toEqual({ at: 1_120, name: 'first-content' });
    expect(watch.hasContent).toBe(false);
    watch.alive(1_100);
    expect(watch.due()).toEqual({ at: 1_160, name: 'idle' });
    expect(watch.hasContent).toBe(true);
    watch.alive(1_570);
    expect(watch.due()).toEqual({ at: 1_600, name: 'total' });
  });

  it('is not moved by heartbeats: they are no content', () => {
    const watch = new StreamDeadlines(all, 0);
    watch.headersCame();
    watch.headersCame();
    expect(watch.due()).toEqual({ at: 120, name: 'first-content' });
    watch.alive(10);
    watch.headersCame();
    expect(watch.due()).toEqual({ at: 70, name: 'idle' });
  });

  it('is first content where that comes before headers', () => {
    expect(new StreamDeadlines({ ...all, firstContent: 20 }, 0).due()).toEqual({ at: 20, name: 'first-content' });
  });

  it('is total while nothing else is kept, and never where nothing is', () => {
    const none = Number.POSITIVE_INFINITY;
    const total = new StreamDeadlines({ headers: none, firstContent: none, idle: none, total: 9 }, 1);
    total.alive(5);
    expect(total.due()).toEqual({ at: 10, name: 'total' });
    expect(new StreamDeadlines({ headers: none, firstContent: none, idle: none, total: none }, 1).due().at).toBe(none);
  });

  it('is the earliest of those that count in its phase', { timeout: propertyTimeout }, () => {
    const wait = fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.constant(Number.POSITIVE_INFINITY));
    const step = fc.oneof(fc.constant('headers' as const), fc.nat(200));
    fc.assert(
      fc.property(
        fc.record({ headers: wait, firstContent: wait, idle: wait, total: wait }),
        fc.nat(1_000),
        fc.array(step),
        (deadlines, startedAt, steps) => {
          const watch = new StreamDeadlines(deadlines, startedAt);
          let hasContent = false;
          let now = startedAt;
          expect(watch.due().at).toBe(startedAt + Math.min(deadlines.headers, deadlines.firstContent, deadlines.total));
          for (const each of steps) {
            if (each === 'headers') {
              watch.headersCame();
            } else {
              now += each;
              watch.alive(now);
              hasContent = true;
            }
            const ends = {
              // Whatever came ended the wait for headers.
              headers: Number.POSITIVE_INFINITY,
              'first-content': hasContent ? Number.POSITIVE_INFINITY : startedAt + deadlines.firstContent,
              idle: hasContent ? now + deadlines.idle : Number.POSITIVE_INFINITY,
              total: startedAt + deadlines.total,
            };
            const due = watch.due();
            expect(due.at).toBe(Math.min(...Object.values(ends)));
            expect(ends[due.name]).toBe(due.at);
          }
        },
      ),
      runs(),
    );
  });
});
