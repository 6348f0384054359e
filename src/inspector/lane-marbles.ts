import type { Lane, LaneAttempt } from './lane.ts';

const columns = 72;
const ticks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 120_000, 300_000, 600_000];

/**
 * A stream as a marble diagram, in the format of this library's marble tests: a row for each attempt, indented to when it was made, and one
 * for what the consumer saw. `s` is the head of the response, `a` the first content, `r` a retry, `|` the end, `#` a failure, `!` a cancellation.
 *
 * @example
 * ```ts
 * const { lanes } = reduceLanes(noLanes(), records);
 * for (const lane of lanes.values()) console.log(toMarbles(lane));
 * ```
 */
export function toMarbles(lane: Lane, now: number = lane.endedAt ?? lane.startedAt): string {
  const end = Math.max(now, lane.endedAt ?? now, lane.startedAt + 1);
  const length = end - lane.startedAt;
  const tick = ticks.find((each) => length / each <= columns) ?? Math.ceil(length / columns / 1_000) * 1_000;
  const column = (at: number): number => Math.max(0, Math.floor((at - lane.startedAt) / tick));
  const first = lane.attempts[0];
  const nameOf = ({ provider, model }: LaneAttempt): string =>
    provider === first?.provider && model === first.model
      ? 'source'
      : provider === first?.provider
        ? identifier(model)
        : identifier(provider);
  const inputs = lane.attempts.map((attempt) => [nameOf(attempt), rowOf(attempt, column, end)] as const);
  const width = Math.max('output'.length, ...inputs.map(([name]) => name.length)) + 2;
  const written = ([name, row]: readonly [string, string]): string => `${`${name}:`.padEnd(width)}${row}`;
  const output = written(['output', outputOf(lane, column, end)]);
  return [`- = ${spoken(tick)}`, ...inputs.map(written), '> client.stream(request)', output, '', ...legendOf(lane)].join('\n');
}

function rowOf({ startedAt, headersAt, contentAt, endedAt, end }: LaneAttempt, column: (at: number) => number, now: number): string {
  const sign = end === 'error' ? '#' : end === 'cancel' ? '!' : end === 'finish' ? '|' : '';
  const marbles = [
    ...(headersAt === undefined ? [] : [[column(headersAt), 's'] as const]),
    ...(contentAt === undefined ? [] : [[column(contentAt), 'a'] as const]),
    ...(endedAt === undefined ? [] : [[column(endedAt), sign] as const]),
  ];
  return draw(column(startedAt), marbles, column(now));
}

function outputOf(lane: Lane, column: (at: number) => number, now: number): string {
  const { waits, attempts, firstContentAt, endedAt, outcome, marks } = lane;
  const committed = attempts.find(({ contentAt }) => contentAt !== undefined);
  const sign = { ok: '|', failed: '#', cancelled: '!', running: '' }[outcome];
  const marbles = [
    ...waits.filter(({ kind }) => kind === 'retry').map(({ from }) => [column(from), 'r'] as const),
    ...(committed && firstContentAt !== undefined ? [[column(firstContentAt), 's'] as const, [column(firstContentAt), 'a'] as const] : []),
    ...marks.filter(({ type }) => type === 'seam').map(({ at }) => [column(at), 'm'] as const),
    ...marks.filter(({ type }) => type === 'restart').map(({ at }) => [column(at), 'v'] as const),
    ...(endedAt === undefined ? [] : [[column(endedAt), sign] as const]),
  ];
  return draw(0, marbles, column(now));
}

/** Marbles of one column are a group, which takes as many columns as it has characters: what follows is pushed as little as can be. */
function draw(begin: number, marbles: readonly (readonly [number, string])[], end: number): string {
  const groups = new Map<number, string>();
  for (const [at, sign] of [...marbles].sort(([a], [b]) => a - b)) groups.set(at, (groups.get(at) ?? '') + sign);
  let row = '';
  for (const [at, signs] of groups) {
    row += '-'.repeat(Math.max(0, at - begin - row.length));
    row += signs.length === 1 ? signs : `(${signs})`;
  }
  const isOver = /[|#!]\)?$/.test(row);
  return ' '.repeat(begin) + (isOver ? row : row.padEnd(end - begin, '-'));
}

function legendOf(lane: Lane): string[] {
  const { retries, waits, marks, error, attempts } = lane;
  const retry = waits.find(({ kind }) => kind === 'retry');
  const failure = error?.category ?? attempts.find((each) => each.error)?.error?.category;
  return [
    ...(retries > 0 && retry ? [`r = { type: 'retry' }`] : []),
    ...(attempts.some(({ headersAt }) => headersAt !== undefined) ? [`s = { type: 'start' }`] : []),
    ...(attempts.some(({ contentAt }) => contentAt !== undefined) ? [`a = { type: 'text-delta' }`] : []),
    ...(marks.some(({ type }) => type === 'seam') ? [`m = { type: 'seam' }`] : []),
    ...(marks.some(({ type }) => type === 'restart') ? [`v = { type: 'restart' }`] : []),
    ...(failure ? [`# = failure('${failure}')`] : []),
  ];
}

function spoken(milliseconds: number): string {
  return milliseconds < 1_000 ? `${milliseconds}ms` : `${milliseconds / 1_000}s`;
}

function identifier(name: string): string {
  const word = name
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^(\d)/, '_$1')
    .slice(0, 16);
  return word === 'output' || word === '' ? 'other' : word;
}
