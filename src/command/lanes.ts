import { stripVTControlCharacters, styleText } from 'node:util';
import wrapAnsi from 'wrap-ansi';
import { callNumber, type Lane, type View } from './view.ts';
import { failureOf, paceOf, remainsOf, seconds } from './wording.ts';

type Style = Parameters<typeof styleText>[0];
const styled = (style: Style, text: string): string => styleText(style, text, { stream: process.stderr });

/** More than the rows of an answer that is to be continued hold, in characters. */
const window = 8_192;
const spinner = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const breakerStyles: Record<string, Style> = { closed: 'green', 'half-open': 'yellow' };

/** The view as lines of at most so many columns; of an answer still to be continued, the last rows. */
export function draw(view: View, now: number, columns: number, maxTextRows: number): string {
  const width = columns - 1;
  const title = `${styled('bold', view.title)}  ${styled('dim', wrap(view.about, width - view.title.length - 3)[0] ?? '')}`;
  const lanes = view.lanes.flatMap((lane, index) => {
    const label = labelOf(view, lane, view.lanes[index - 1]);
    const indent = ' '.repeat(label.length + 4);
    const [first = '', ...rest] = bodyOf(lane, now, width - indent.length, maxTextRows);
    return [`${markOf(lane, now)} ${label}  ${first}`, ...rest.map((line) => `${indent}${line}`)];
  });
  const starting = [`${spinnerAt(now)} ${styled('dim', 'starting')}`];
  return [title, breakerLine(view, now), '', ...(lanes.length > 0 ? lanes : starting)].map((line) => ` ${line}`.trimEnd()).join('\n');
}

function breakerLine({ breaker: { state, reason, openUntil = 0 } }: View, now: number): string {
  const wait = openUntil > now ? `a probe may pass in ${seconds(openUntil - now)}` : 'a probe may pass';
  const why = [reason, state === 'open' && wait].filter(Boolean).join(', ');
  return `${styled('dim', 'breaker')} ${styled(breakerStyles[state] ?? 'red', `● ${state}`)}  ${styled('dim', why)}`;
}

function labelOf(view: View, lane: Lane, before: Lane | undefined): string {
  const attempt = lane.status === 'refused' ? 'refused  ' : `attempt ${lane.attempt}`;
  if (!view.isSeries) return attempt;
  const call = lane.requestId === before?.requestId ? '' : `call ${callNumber(view, lane.requestId)}`;
  return `${call.padEnd(6)}  ${attempt}`;
}

function markOf({ status }: Lane, now: number): string {
  if (status === 'done') return styled('green', '✓');
  if (status === 'failed' || status === 'refused') return styled('red', '✗');
  if (status === 'cancelled') return styled('yellow', '−');
  return spinnerAt(now);
}

function spinnerAt(now: number): string {
  return styled('cyan', spinner[Math.floor(now / 80) % spinner.length] ?? '');
}

function bodyOf(lane: Lane, now: number, width: number, maxTextRows: number): readonly string[] {
  const { status, text, reasoning, error } = lane;
  const lines = (style: Style, line: string): readonly string[] => wrap(line, width).map((each) => styled(style, each));
  if (status === 'refused' && error) return lines('red', `${failureOf(error)}; ${remainsOf(error)}`);
  if (status === 'connecting') return lines('dim', `connecting ${seconds(now - lane.begunAt)}`);
  if (status === 'waiting') return lines('dim', `connected, waiting for content ${seconds(now - lane.begunAt)}`);

  const said =
    text === ''
      ? tail(lines('dim', latest(reasoning, maxTextRows)), maxTextRows)
      : tail(wrap(latest(text, maxTextRows), width), maxTextRows);
  const sequel = error && status === 'failed' ? waitOf(lane, now) || remainsOf(error) : '';
  const failure = error ? [...lines('red', failureOf(error)), ...lines('dim', sequel)] : [];
  const cancelled = status === 'cancelled' ? lines('yellow', 'cancelled') : [];
  return [...said, ...failure, ...cancelled, ...lines(status === 'done' ? 'green' : 'dim', paceOf(lane, now))];
}

function waitOf({ endedAt, retryAt }: Lane, now: number): string {
  if (endedAt === undefined || retryAt === undefined) return '';
  const total = retryAt - endedAt;
  if (now >= retryAt) return `waited ${seconds(total)}`;
  const left = Math.ceil(((retryAt - now) / total) * 20);
  return `next attempt in ${seconds(retryAt - now)}  ${'━'.repeat(left)}${'─'.repeat(20 - left)}`;
}

/** What a model says may hold anything; here it may not steer the terminal. */
function wrap(text: string, width: number): readonly string[] {
  const shown = stripVTControlCharacters(text)
    .replace(/[^\P{Cc}\n]/gu, ' ')
    .trim();
  return shown === '' ? [] : wrapAnsi(shown, Math.max(width, 10), { hard: true }).split('\n');
}

/** To wrap a long text many times a second would leave no time for it to come. Cut at few places, so that its lines stay where they are. */
function latest(text: string, rows: number): string {
  if (rows === Number.POSITIVE_INFINITY) return text;
  return text.slice(Math.max(0, Math.floor(text.length / window) - 1) * window);
}

function tail(lines: readonly string[], rows: number): readonly string[] {
  return lines.length <= rows ? lines : ['…', ...lines.slice(1 - rows)];
}
