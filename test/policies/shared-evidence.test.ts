import { describe, expect, it } from 'vitest';
import type { EvidenceVerdict, NodeEvidence, ResilienceEvidence } from '../../src/policies/resilience-evidence.ts';
import { SharedEvidence } from '../../src/policies/shared-evidence.ts';

const liveFor = 5_000;
const key = { provider: 'p', model: 'm' };
const cooldown = (forMs: number): EvidenceVerdict => ({ kind: 'cooldown', scope: 'provider', ...key, forMs });
const failure = (forMs: number, scope: EvidenceVerdict['scope'] = 'node'): EvidenceVerdict => ({ kind: 'failure', scope, ...key, forMs });
const report = (node: string, evidence: readonly ResilienceEvidence[], ageMs = 0): NodeEvidence => ({ node, ageMs, evidence });

function rig() {
  const clock = { now: 0 };
  return { clock, evidence: new SharedEvidence(() => clock.now, liveFor) };
}

describe('what a process tells', () => {
  it('is each verdict for as long as it still holds, the longer of two, and nothing that has lapsed', () => {
    const { clock, evidence } = rig();
    evidence.note(cooldown(4_000));
    evidence.note(cooldown(2_000));
    evidence.note(failure(1_000));
    clock.now += 1_000;
    expect(evidence.tell()).toEqual([cooldown(3_000)]);
    clock.now += 3_000;
    expect(evidence.tell()).toEqual([]);
  });

  it('is news the first time, and when it holds for much longer', () => {
    const { clock, evidence } = rig();
    expect(evidence.note(cooldown(20_000))).toBe(true);
    clock.now += 10;
    expect(evidence.note(cooldown(20_000)), 'ten milliseconds longer').toBe(false);
    expect(evidence.note(cooldown(1_000)), 'shorter').toBe(false);
    expect(evidence.note(cooldown(30_000))).toBe(true);
    clock.now += 30_000;
    expect(evidence.note(cooldown(300)), 'after the last has lapsed').toBe(true);
    for (const forMs of [0, -1, Number.NaN]) expect(evidence.note(failure(forMs))).toBe(false);
  });

  it('is no verdict on its failure once it has recovered', () => {
    const { evidence } = rig();
    evidence.note(failure(5_000));
    evidence.note(failure(5_000, 'provider'));
    evidence.note(cooldown(5_000));
    evidence.recovered('p', 'm');
    expect(evidence.tell()).toEqual([cooldown(5_000)]);
  });

  it('is what it spent, summed for each round, for a few rounds', () => {
    const { clock, evidence } = rig();
    for (const tokens of [1, 1, -0.1]) evidence.spend({ provider: 'p', tokens });
    evidence.spend({ provider: 'p', tenant: 't', tokens: 1 });
    const first = [
      { kind: 'spent', provider: 'p', tokens: 1.9, round: 1 },
      { kind: 'spent', provider: 'p', tenant: 't', tokens: 1, round: 1 },
    ];
    expect(evidence.tell()).toEqual(first);
    clock.now += 1_000;
    for (let each = 0; each < 10; each++) evidence.spend({ provider: 'p', tokens: -0.1 });
    evidence.spend({ provider: 'p', tokens: 1 });
    expect(evidence.tell(), 'what evens out is not told').toEqual(first);
    clock.now += 4_000;
    expect(evidence.tell()).toEqual([]);
  });

  it('is bounded, whatever happens', () => {
    const { evidence } = rig();
    for (let each = 0; each < 5_000; each++) {
      evidence.note({ ...cooldown(5_000), model: String(each) });
      evidence.spend({ provider: 'p', tenant: String(each), tokens: 1 });
    }
    evidence.note({ ...cooldown(5_000), model: 'x'.repeat(600) });
    evidence.spend({ provider: 'p', tenant: 'x'.repeat(600), tokens: 1 });
    const told = evidence.tell();
    expect(told).toHaveLength(2_000);
    expect(JSON.stringify(told).length).toBeLessThan(200_000);
  });
});

describe('what a process learns', () => {
  it('of a provider, from a single voice, minus its age', () => {
    const { evidence } = rig();
    expect(evidence.learn([report('a', [cooldown(8_000)], 500)])).toEqual([{ ...cooldown(7_500), nodes: 1 }]);
    expect(evidence.learn([report('a', [failure(8_000, 'provider')])])).toEqual([{ ...failure(8_000, 'provider'), nodes: 1 }]);
  });

  it('is told once, and again only when it holds for longer', () => {
    const { clock, evidence } = rig();
    evidence.learn([report('a', [cooldown(8_000)])]);
    clock.now += 1_000;
    expect(evidence.learn([report('a', [cooldown(7_050)]), report('b', [cooldown(5_000)])])).toEqual([]);
    expect(evidence.learn([report('a', [cooldown(7_000)]), report('b', [cooldown(9_000)])])).toEqual([{ ...cooldown(9_000), nodes: 1 }]);
  });

  it('is nothing that it knows itself', () => {
    const { evidence } = rig();
    evidence.note(cooldown(8_000));
    expect(evidence.learn([report('a', [cooldown(8_000)])])).toEqual([]);
    expect(evidence.learn([report('a', [cooldown(9_000)])])).toHaveLength(1);
  });

  it('holds for two minutes at most', () => {
    const { evidence } = rig();
    expect(evidence.learn([report('a', [cooldown(1e9)])])).toEqual([{ ...cooldown(120_000), nodes: 1 }]);
  });

  it.each([
    [2, 1, false],
    [3, 1, false],
    [3, 2, true],
    [4, 2, true],
    [5, 2, false],
    [5, 3, true],
    [9, 4, false],
    [9, 5, true],
  ])('of %d processes, that %d cannot reach a provider: believed? %s', (processes, failing, isBelieved) => {
    const { evidence } = rig();
    const reports = Array.from({ length: processes - 1 }, (_, index) =>
      report(`n${index}`, index < failing ? [failure(5_000 + index)] : []),
    );
    const learned = evidence.learn(reports);
    expect(evidence.nodes).toBe(processes);
    // For as long as so many agree.
    const quorum = Math.max(2, Math.ceil(processes / 2));
    expect(learned).toEqual(isBelieved ? [{ ...failure(5_000 + failing - quorum), nodes: quorum }] : []);
  });

  it('counts only processes that are alive, and a provider’s word also from one that is gone', () => {
    const { evidence } = rig();
    const gone = liveFor + 1;
    expect(evidence.learn([report('a', [failure(20_000)]), report('b', [failure(20_000)], gone), report('c', [], gone)])).toEqual([]);
    expect(evidence.nodes).toBe(2);
    expect(evidence.learn([report('a', [cooldown(20_000)], gone)])).toEqual([{ ...cooldown(20_000 - gone), nodes: 1 }]);
  });

  it('is nothing of others’ failures while it fails itself', () => {
    const { evidence } = rig();
    evidence.note(failure(5_000));
    expect(evidence.learn([report('a', [failure(20_000)]), report('b', [failure(20_000)])])).toEqual([]);
  });

  it('is nothing that its own probe has disproved, unless they fail anew', () => {
    const { clock, evidence } = rig();
    const both = (forMs: number) => evidence.learn([report('a', [failure(forMs)]), report('b', [failure(forMs)])]);
    expect(both(10_000)).toHaveLength(1);
    clock.now += 4_000;
    evidence.recovered('p', 'm');
    expect(both(6_050)).toEqual([]);
    clock.now += 6_000;
    expect(both(5_000)).toEqual([{ ...failure(5_000), nodes: 2 }]);
  });

  it('is a new failure after a recovery, also one that is over sooner than the last', () => {
    const { clock, evidence } = rig();
    evidence.learn([report('a', [failure(10_000)]), report('b', [failure(10_000)])]);
    clock.now += 4_000;
    evidence.recovered('p', 'm');
    expect(evidence.learn([report('c', [failure(3_000)]), report('d', [failure(3_000)])])).toEqual([{ ...failure(3_000), nodes: 2 }]);
  });

  it('of spending, each round of each process once, however often it is told', () => {
    const { clock, evidence } = rig();
    const spent = (round: number, tokens = 1) => ({ kind: 'spent' as const, provider: 'p', tokens, round });
    expect(evidence.learn([report('a', [spent(1), spent(2)])])).toEqual([spent(1), spent(2)]);
    expect(evidence.learn([report('a', [spent(1), spent(2)]), report('b', [spent(1)])])).toEqual([spent(1)]);
    clock.now += 1_000;
    expect(evidence.learn([])).toEqual([]);
    expect(evidence.learn([report('a', [spent(2), spent(3, -1)])])).toEqual([spent(3, -1)]);
    expect(evidence.learn([report('c', [spent(1)], liveFor + 1)]), 'of one that is gone').toEqual([]);
  });

  it('leaves out what does not fit, and takes the rest', () => {
    const { evidence } = rig();
    const garbage: unknown[] = [
      null,
      7,
      {},
      { kind: 'cooldown' },
      { ...cooldown(5_000), scope: 'all' },
      { ...cooldown(5_000), forMs: '5' },
      { ...cooldown(5_000), forMs: Number.NaN },
      { ...cooldown(5_000), provider: 'x'.repeat(600) },
      { kind: 'spent', provider: 'p', tokens: Number.POSITIVE_INFINITY, round: 1 },
      { kind: 'spent', provider: 'p', tokens: 1, round: 1.5 },
      cooldown(3_000),
    ];
    expect(evidence.learn([report('a', garbage as never)])).toEqual([{ ...cooldown(3_000), nodes: 1 }]);
  });
});
