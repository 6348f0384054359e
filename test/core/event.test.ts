import { describe, expect, it } from 'vitest';
import { isContentEvent } from '../../src/core/event.ts';

describe('content', () => {
  it('is what a user sees, and whatever a foreign stream emits', () => {
    for (const type of [
      'text-delta',
      'reasoning-delta',
      'refusal-delta',
      'tool-input-delta',
      'tool-call',
      'tool-result',
      'source',
      'their-event',
    ]) {
      expect(isContentEvent({ type }), type).toBe(true);
    }
    for (const value of ['token', '', 0, null, undefined, {}, [], { type: 5 }]) expect(isContentEvent(value), String(value)).toBe(true);
  });

  it('is nothing that only tells about the stream', () => {
    for (const type of ['start', 'retry', 'usage', 'rate-limits', 'raw', 'finish', 'restart', 'seam', 'snapshot']) {
      expect(isContentEvent({ type }), type).toBe(false);
    }
  });
});
