import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCursor } from '../../src/recovery/cursor.ts';
import { type LogExtent, planRead } from '../../src/recovery/read-plan.ts';
import { numRuns } from '../properties/runs.ts';

const log: LogExtent = {
  first: 1,
  last: { epoch: 3, sequence: 20 },
  takeovers: [
    { epoch: 2, base: 5 },
    { epoch: 3, base: 12 },
  ],
};
const at = (epoch: number, sequence: number) => formatCursor({ epoch, sequence });

describe('a reader', () => {
  it('without a cursor, or at the beginning, gets every entry', () => {
    expect(planRead(undefined, log)).toEqual({ type: 'entries', after: 0 });
    expect(planRead('-1', log)).toEqual({ type: 'entries', after: 0 });
  });

  it('that wants what comes gets what comes, also after a snapshot', () => {
    expect(planRead('now', log)).toEqual({ type: 'entries', after: 20 });
    expect(planRead('now', { ...log, first: 21, snapshotAt: 20 })).toEqual({ type: 'entries', after: 20 });
  });

  it.each([
    [1, 1, 'the first entry'],
    [1, 5, 'the last entry of its epoch'],
    [2, 6, 'a takeover’s first entry'],
    [2, 12, 'the last before the next takeover'],
    [3, 20, 'the last entry'],
  ])('after %i-%i, %s, goes on', (epoch, sequence) => {
    expect(planRead(at(epoch, sequence), log)).toEqual({ type: 'entries', after: sequence });
  });

  it.each([
    [2, 3, 'an older entry, by the name of a later epoch'],
    [1, 6, 'beyond the next takeover’s beginning'],
    [1, 13, 'beyond two of them'],
    [2, 13, 'beyond the second'],
    [3, 21, 'beyond the last entry'],
    [4, 3, 'of an epoch that is yet to come'],
  ])('after %i-%i, %s, has what is void', (epoch, sequence) => {
    expect(planRead(at(epoch, sequence), log)).toEqual({ type: 'restart' });
  });

  it('behind a snapshot gets it, at its place and ahead of it does not', () => {
    const rotated = { ...log, first: 9, snapshotAt: 8 };
    for (const after of [undefined, '-1', at(1, 1), at(2, 7)]) expect(planRead(after, rotated), after).toEqual({ type: 'snapshot' });
    expect(planRead(at(2, 8), rotated)).toEqual({ type: 'entries', after: 8 });
    expect(planRead(at(2, 9), rotated)).toEqual({ type: 'entries', after: 9 });
    expect(planRead(at(1, 6), rotated)).toEqual({ type: 'restart' });
  });

  it('whose entries are gone without a snapshot has a gap', () => {
    const trimmed = { ...log, first: 9 };
    for (const after of [undefined, '-1', at(1, 1), at(2, 7)]) expect(planRead(after, trimmed), after).toEqual({ type: 'gap' });
    expect(planRead(at(2, 8), trimmed)).toEqual({ type: 'entries', after: 8 });
  });

  it('with something that is no cursor is told so', () => {
    for (const after of ['', 'latest', '1-1', '-2', 'NOW']) expect(planRead(after, log), after).toEqual({ type: 'invalid' });
  });

  it('goes on exactly where its position was written into this log', () => {
    const step = fc.record({ entries: fc.nat({ max: 4 }), phantoms: fc.nat({ max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (epochs) => {
        const takeovers: { epoch: number; base: number }[] = [];
        const [written, phantoms] = [new Set<string>(), [] as string[]];
        let last = 0;
        for (const [index, { entries, phantoms: lost }] of epochs.entries()) {
          const epoch = index + 1;
          if (index > 0) takeovers.push({ epoch, base: last });
          for (let each = 0; each <= entries; each++) written.add(at(epoch, ++last));
          // What its producer said beyond, and did not get into the log.
          for (let each = 1; each <= lost; each++) phantoms.push(at(epoch, last + each));
        }
        const extent: LogExtent = { first: 1, last: { epoch: epochs.length, sequence: last }, takeovers };
        for (const cursor of written) expect(planRead(cursor, extent).type, cursor).toBe('entries');
        for (const cursor of phantoms) expect(planRead(cursor, extent).type, cursor).toBe('restart');
      }),
      { numRuns },
    );
  });
});
