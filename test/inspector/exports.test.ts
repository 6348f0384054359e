import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Lane, noLanes, reduceLanes, toChromeTrace, toMarbles } from '../../src/inspector/index.ts';
import * as testing from '../../src/testing/index.ts';
import { beginning, recorded, Story } from './records.ts';

const laneOf = (story: Story) => [...reduceLanes(noLanes(), story.records).lanes.values()][0] as Lane;

describe('a lane as marbles', () => {
  it('has a row for each attempt, indented to its beginning, and one for the consumer', () => {
    const lane = laneOf(new Story('a').attempt(0).retry(200, 500).attempt(700).headers(800).content(900).finish(1_100));
    expect(toMarbles(lane).split('\n')).toEqual([
      '- = 20ms',
      'source: ----------#',
      'source:                                    -----s----a---------|',
      '> client.stream(request)',
      'output: ----------r----------------------------------(sa)------|',
      '',
      "r = { type: 'retry' }",
      "s = { type: 'start' }",
      "a = { type: 'text-delta' }",
      "# = failure('overloaded')",
    ]);
  });

  it('names another provider, and cuts the row of a consumer who left', () => {
    const spare = { type: 'attempt', provider: 'spare', attempt: 2 };
    const error = recorded('server-error');
    const lane = laneOf(
      new Story('a')
        .attempt(0)
        .tell(10, { type: 'fallback', to: { provider: 'spare', model: 'm-1' }, error })
        .tell(10, spare)
        .cancel(40),
    );
    const rows = toMarbles(lane).split('\n');
    expect(rows.slice(1, 5).map((row) => row.split(':')[0])).toEqual(['source', 'spare', '> client.stream(request)', 'output']);
    expect(rows[2]).toMatch(/^spare: {2,}-+!$/);
    expect(rows[4]).toMatch(/^output: -+!$/);
  });

  it('is a diagram that the loader of marble specs reads', () => {
    const stories = [
      new Story('a').attempt(0).headers(1).content(1).finish(1),
      new Story('b').attempt(0).retry(100, 300).attempt(400).headers(4_000).content(9_000).fail(900_000),
      new Story('c').fail(0, 'circuit-open'),
      new Story('d')
        .attempt(0)
        .content(5)
        .tell(90, { type: 'seam' })
        .tell(95, { type: 'restart', error: recorded('network') })
        .cancel(120),
    ];
    for (const story of stories) {
      const markdown = `# Lanes\n\n## One\n\n\`\`\`marble\n${toMarbles(laneOf(story))}\n\`\`\`\n`;
      const [marble] = testing.loadMarbles(markdown, { scope: { ...testing, client: { stream: () => NEVER }, request: {} } });
      expect(marble?.draw()).toContain('<svg');
    }
  });
});

describe('a Chrome trace', () => {
  const records = [
    ...new Story('a').attempt(0).retry(100, 300).attempt(400).headers(450).content(500).finish(900).records,
    ...new Story('b', 50).attempt(60).cancel(300).records,
  ].sort((a, b) => a.at - b.at);

  it('has a span for each stream, attempt and wait, in microseconds, and names for its threads', () => {
    const { traceEvents, displayTimeUnit } = toChromeTrace(records);
    expect(displayTimeUnit).toBe('ms');
    const spans = traceEvents.filter(({ ph }) => ph === 'X');
    expect(spans.filter(({ cat }) => cat === 'stream')).toMatchObject([
      { name: 'm-1 ok', ts: beginning * 1_000, dur: 900_000, args: { requestId: 'a' } },
      { name: 'm-1 cancelled', dur: 250_000, args: { requestId: 'b' } },
    ]);
    expect(spans.filter(({ cat }) => cat === 'attempt').map(({ name, dur }) => [name, dur])).toEqual([
      ['attempt 1 overloaded', 100_000],
      ['attempt 2', 500_000],
      ['attempt 1', 240_000],
    ]);
    expect(spans.find(({ cat }) => cat === 'wait')).toMatchObject({ name: 'retry wait', dur: 300_000 });
    expect(traceEvents.filter(({ name }) => name === 'thread_name').map(({ args }) => args?.name)).toEqual(['acme m-1 a', 'acme m-1 b']);
  });

  it('nests the spans of a thread, also where attempts run beside each other', () => {
    const hedged = new Story('h').attempt(0).attempt(50).content(60);
    hedged.tell(60, { type: 'attempt-end', outcome: 'cancel', attempt: 1 }).finish(90);
    const spans = toChromeTrace(hedged.records).traceEvents.filter(({ ph }) => ph === 'X');
    for (const one of spans) {
      for (const other of spans) {
        const [a, b] = [one, other].map(({ ts = 0, dur = 0 }) => ({ from: ts, to: ts + dur })) as [Extent, Extent];
        if (one === other || one.tid !== other.tid) continue;
        const isApart = a.to <= b.from || b.to <= a.from;
        const isNested = (a.from <= b.from && b.to <= a.to) || (b.from <= a.from && a.to <= b.to);
        expect(isApart || isNested, `${one.name} and ${other.name}`).toBe(true);
      }
    }
    expect(new Set(spans.map(({ tid }) => tid)).size).toBe(2);
  });
});

interface Extent {
  readonly from: number;
  readonly to: number;
}
