import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { EvidenceVerdict, NodeEvidence } from '../../src/policies/resilience-evidence.ts';
import { SharedEvidence } from '../../src/policies/shared-evidence.ts';
import { holds, numRuns, timeout } from './runs.ts';

const liveFor = 5_000;
const tolerance = 100;

/** A board on which processes put up what they know: what an exchange has to do, without a network. */
class Board {
  readonly #reports = new Map<string, { readonly at: number; readonly until: number; readonly evidence: NodeEvidence['evidence'] }>();

  put(node: string, evidence: NodeEvidence['evidence'], now: number): void {
    const longest = Math.max(liveFor, ...evidence.map((each) => (each.kind === 'spent' ? 0 : each.forMs)));
    this.#reports.set(node, { at: now, until: now + longest, evidence });
  }

  read(node: string, now: number): NodeEvidence[] {
    return [...this.#reports]
      .filter(([other, { until }]) => other !== node && until > now)
      .map(([other, { at, evidence }]) => ({ node: other, ageMs: now - at, evidence }));
  }

  clear(): void {
    this.#reports.clear();
  }
}

const node = fc.nat(4);
const model = fc.constantFrom('m', 'n');
const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('note' as const),
      node,
      kind: fc.constantFrom('cooldown', 'failure', 'failure'),
      scope: fc.constantFrom('provider', 'node', 'node'),
      model,
      forMs: fc.constantFrom(0, 1, 400, 3_000, 8_000, 30_000, 1e9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('recovered' as const), node, model }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('spend' as const), node, tokens: fc.constantFrom(1, 0.5) }) },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('round' as const), node, fate: fc.constantFrom('done', 'done', 'done', 'no reply', 'lost') }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('all' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 900, 1_000, 4_000, 6_000, 130_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('emptied' as const) }) },
);

describe('evidence that processes share', () => {
  it('is believed by quorum or by the provider’s word, never too long, and no spending is charged twice', { timeout }, () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (commands) => {
        const clock = { now: 0 };
        const board = new Board();
        const nodes = Array.from({ length: 5 }, (_, index) => ({
          name: `n${index}`,
          evidence: new SharedEvidence(() => clock.now, liveFor),
          /** Until when it acts on a cooldown, its own or another's. */
          waits: new Map<string, number>(),
          /** Until when it has said itself that there is one. */
          said: new Map<string, number>(),
          spent: 0,
          charged: 0,
        }));

        const learn = (each: (typeof nodes)[number]): void => {
          const reports = board.read(each.name, clock.now);
          const live = reports.filter(({ ageMs }) => ageMs <= liveFor);
          const votes = (kind: string, of: string, scope?: string, among = live) =>
            among.flatMap(({ ageMs, evidence }) => {
              const lengths = evidence.flatMap((one) =>
                one.kind === kind &&
                (one as EvidenceVerdict).model === of &&
                (scope === undefined || (one as EvidenceVerdict).scope === scope)
                  ? [Math.min((one as EvidenceVerdict).forMs, 120_000) - ageMs]
                  : [],
              );
              const longest = Math.max(0, ...lengths);
              return longest > 0 ? [longest] : [];
            });
          for (const learned of each.evidence.learn(reports)) {
            if (learned.kind === 'spent') {
              each.charged += learned.tokens;
              const spent = nodes.reduce((sum, other) => sum + (other === each ? 0 : other.spent), 0);
              holds(each.charged <= spent + 1e-6, () => `charged with ${each.charged}, where the others spent ${spent}`);
              continue;
            }
            const { kind, scope, model: of, forMs } = learned;
            holds(forMs > 0 && forMs <= 120_000, () => `believed for ${forMs} ms`);
            const quorum = Math.max(2, Math.ceil((live.length + 1) / 2));
            const told = Math.max(0, ...votes(kind, of, 'provider', reports));
            const agreed = votes(kind, of).sort((one, other) => other - one)[quorum - 1] ?? 0;
            const longest = Math.max(told, agreed);
            holds(forMs <= longest + 1e-6, () => `${kind} (${scope}) for ${forMs} ms, where ${longest} ms are said`);
            if (scope === 'node') holds(agreed > 0, () => `${kind} without a quorum of ${quorum}`);
            if (kind === 'cooldown') each.waits.set(of, Math.max(each.waits.get(of) ?? 0, clock.now + forMs));
          }
        };

        const round = (each: (typeof nodes)[number], fate: string): void => {
          const told = each.evidence.tell();
          if (fate !== 'lost') board.put(each.name, told, clock.now);
          if (fate === 'done') learn(each);
        };

        for (const each of commands) {
          const one = 'node' in each ? nodes[each.node] : undefined;
          if (each.type === 'wait') clock.now += each.ms;
          else if (each.type === 'emptied') board.clear();
          else if (each.type === 'all') {
            // Everybody tells, then everybody hears.
            for (const other of nodes) round(other, 'no reply');
            for (const other of nodes) learn(other);
            for (const of of ['m', 'n']) {
              const longest = Math.max(0, ...nodes.map(({ said }) => said.get(of) ?? 0));
              for (const { name, waits } of nodes) {
                const waitsUntil = waits.get(of) ?? 0;
                holds(
                  longest <= clock.now || waitsUntil >= longest - tolerance,
                  () => `${name} waits until ${waitsUntil}, not until ${longest}`,
                );
              }
            }
          } else if (one && each.type === 'round') round(one, each.fate);
          else if (one && each.type === 'recovered') one.evidence.recovered('p', each.model);
          else if (one && each.type === 'spend') {
            one.evidence.spend({ provider: 'p', tokens: each.tokens });
            one.spent += each.tokens;
          } else if (one && each.type === 'note') {
            const { kind, scope, forMs } = each;
            const verdict = { kind, scope, provider: 'p', model: each.model, forMs } as EvidenceVerdict;
            one.evidence.note(verdict);
            const until = clock.now + Math.min(forMs, 120_000);
            if (kind === 'cooldown') one.waits.set(each.model, Math.max(one.waits.get(each.model) ?? 0, until));
            if (kind === 'cooldown' && scope === 'provider') one.said.set(each.model, Math.max(one.said.get(each.model) ?? 0, until));
          }
        }
      }),
      { numRuns },
    );
  });

  it('charges everybody with all that the others spent, as long as no more rounds are lost than are told again', { timeout }, () => {
    const step = fc.record({
      spent: fc.array(fc.record({ node, tokens: fc.constantFrom(1, -0.25) }), { maxLength: 6 }),
      lost: fc.array(node, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
        const clock = { now: 0 };
        const board = new Board();
        const nodes = Array.from({ length: 5 }, (_, index) => ({
          name: `n${index}`,
          evidence: new SharedEvidence(() => clock.now, liveFor),
          spent: 0,
          charged: 0,
          missed: 0,
        }));
        const round = (lost: readonly number[]): void => {
          for (const [index, each] of nodes.entries()) {
            // Of five rounds in a row three may be lost, of its way there or back.
            const isLost = lost.includes(index) && each.missed < 1;
            each.missed = isLost ? each.missed + 1 : 0;
            const told = each.evidence.tell();
            if (!isLost) board.put(each.name, told, clock.now);
          }
          for (const each of nodes) {
            if (each.missed > 0) continue;
            for (const learned of each.evidence.learn(board.read(each.name, clock.now))) {
              if (learned.kind === 'spent') each.charged += learned.tokens;
            }
          }
          clock.now += 1_000;
        };
        for (const { spent, lost } of steps) {
          for (const { node: index, tokens } of spent) {
            const each = nodes[index];
            each?.evidence.spend({ provider: 'p', tokens });
            if (each) each.spent += tokens;
          }
          round(lost);
        }
        for (let each = 0; each < 3; each++) round([]);
        const sum = nodes.reduce((total, { spent }) => total + spent, 0);
        for (const { name, spent, charged } of nodes) {
          holds(Math.abs(charged - (sum - spent)) < 1e-6, () => `${name} was charged ${charged} of ${sum - spent}`);
        }
      }),
      { numRuns },
    );
  });
});
