import type { Lane, LaneAttempt, LaneMark, LaneWait } from '../lane.ts';
import type { Theme } from './theme.ts';
import { countdown, duration } from './words.ts';

/** Where and with what a lane is drawn. */
export interface Stage {
  readonly canvas: CanvasRenderingContext2D;
  readonly theme: Theme;
  readonly x: (at: number) => number;
  readonly width: number;
  readonly now: number;
  readonly hatch: CanvasPattern | string;
}

const bar = 14;
const font = '500 11px system-ui, sans-serif';

/** One stream as a living marble diagram around a line at `y`. */
export function drawLane(stage: Stage, lane: Lane, y: number): void {
  const { canvas, theme, x, now } = stage;
  const { startedAt, endedAt = now, attempts, waits, marks } = lane;
  line(canvas, x(startedAt), x(endedAt), y, theme.border, 1.5);
  for (const wait of waits) drawWait(stage, wait, y);
  const isHedged = attempts.some((each, index) => index > 0 && each.startedAt < (attempts[index - 1]?.endedAt ?? Number.POSITIVE_INFINITY));
  for (const [index, attempt] of attempts.entries())
    drawAttempt(stage, attempt, isHedged ? y + (index % 2 === 0 ? -5 : 5) : y, isHedged ? 8 : bar);
  // Above the bars that follow at once.
  for (const { end, endedAt: at } of attempts.slice(0, endedAt === now ? undefined : -1)) {
    if (end === 'error' && at !== undefined) drawCross(canvas, x(at), y, 4, theme.failed, theme.surface);
  }
  for (const mark of marks) drawMark(stage, mark, y);
  drawEnd(stage, lane, y);
}

function drawAttempt({ canvas, theme, x, now, hatch }: Stage, attempt: LaneAttempt, y: number, height: number): void {
  const { startedAt, headersAt, contentAt, endedAt = now, end } = attempt;
  const colour = end === 'error' ? theme.failed : end === 'cancel' ? theme.cancelled : theme.content;
  const [from, to] = [x(startedAt), Math.max(x(endedAt), x(startedAt) + 3)];
  canvas.save();
  canvas.beginPath();
  canvas.roundRect(from, y - height / 2, to - from, height, 4);
  canvas.clip();
  canvas.fillStyle = theme.surface;
  canvas.fillRect(from, y - height / 2, to - from, height);
  // Asked, and no head of a response yet.
  fill(canvas, from, x(headersAt ?? endedAt), y, height, colour, 0.14);
  if (headersAt !== undefined) {
    // The preamble is held back until there is content.
    const held = x(contentAt ?? endedAt);
    fill(canvas, x(headersAt), held, y, height, colour, 0.24);
    canvas.fillStyle = hatch;
    canvas.globalAlpha = 0.5;
    canvas.fillRect(x(headersAt), y - height / 2, held - x(headersAt), height);
  }
  if (contentAt !== undefined) fill(canvas, x(contentAt), to, y, height, end === 'finish' ? theme.ok : colour, 0.82);
  canvas.restore();
  canvas.strokeStyle = contentAt !== undefined && end === 'finish' ? theme.ok : colour;
  canvas.lineWidth = 1;
  canvas.beginPath();
  canvas.roundRect(from + 0.5, y - height / 2 + 0.5, Math.max(2, to - from - 1), height - 1, 4);
  canvas.stroke();
  if (contentAt !== undefined)
    drawMarble(canvas, x(contentAt), y, height > 10 ? 5 : 3.5, theme.surface, end === 'finish' ? theme.ok : colour);
  const label = attempt.error ? String(attempt.error.status ?? attempt.error.category) : '';
  if (label && contentAt === undefined && height > 10 && to - from > 11 + label.length * 6) write(canvas, label, from + 6, y, theme.failed);
}

function drawWait({ canvas, theme, x, now }: Stage, { kind, from, until, endedAt }: LaneWait, y: number): void {
  const colour = kind === 'cooldown' ? theme.cooldown : theme.wait;
  const end = endedAt ?? Math.max(now, from);
  canvas.save();
  canvas.setLineDash(kind === 'cooldown' ? [1.5, 3.5] : [5, 4]);
  line(canvas, x(from), x(end), y, colour, 2);
  if (endedAt === undefined && until > now) {
    canvas.globalAlpha = 0.45;
    line(canvas, x(now), x(until), y, colour, 2);
  }
  canvas.restore();
  const [left, right] = [x(from), x(endedAt ?? Math.max(until, now))];
  const text = endedAt === undefined ? countdown(until - now) : duration(end - from);
  if (right - left > 22 + text.length * 6) pill(canvas, text, (left + right) / 2, y, colour, theme.surface);
  if (endedAt === undefined && until > now) line(canvas, x(until), x(until), y, colour, 2, 6);
}

function drawMark({ canvas, theme, x, width }: Stage, { at, type, label }: LaneMark, y: number): void {
  const place = x(at);
  if (type === 'refused') {
    canvas.fillStyle = theme.failed;
    canvas.beginPath();
    canvas.moveTo(place, y - 6);
    canvas.lineTo(place + 6, y);
    canvas.lineTo(place, y + 6);
    canvas.lineTo(place - 6, y);
    canvas.fill();
  } else if (type === 'fallback') {
    line(canvas, place, place, y, theme.cooldown, 2, 11);
    canvas.fillStyle = theme.cooldown;
    canvas.beginPath();
    canvas.moveTo(place, y - 11);
    canvas.lineTo(place + 6, y - 8);
    canvas.lineTo(place, y - 5);
    canvas.fill();
    aside(canvas, label, place + 9, y - 12, theme.cooldown, width);
  } else if (type === 'seam' || type === 'recovery') {
    const colour = type === 'seam' ? theme.text : theme.wait;
    // Beside the marble of the content that follows it.
    const [left, right] = type === 'seam' ? [place - 11, place - 8] : [place - 1.5, place + 1.5];
    line(canvas, left, left, y, colour, 1.5, 10);
    line(canvas, right, right, y, colour, 1.5, 10);
    if (type === 'recovery') aside(canvas, label, place + 6, y - 12, theme.wait, width);
  } else if (type === 'restart') {
    line(canvas, place, place, y, theme.failed, 2, 10);
    aside(canvas, 'restart', place + 5, y - 12, theme.failed, width);
  }
}

function drawEnd({ canvas, theme, x }: Stage, { outcome, endedAt, attempts }: Lane, y: number): void {
  if (endedAt === undefined) return;
  const place = x(endedAt);
  if (outcome === 'ok') line(canvas, place, place, y, theme.ok, 2.5, 10);
  if (outcome === 'failed') drawCross(canvas, place + (attempts.length === 0 ? 10 : 0), y, 5, theme.failed, theme.surface);
  if (outcome === 'cancelled') {
    line(canvas, place, place, y, theme.cancelled, 2.5, 10);
    line(canvas, place - 4, place + 4, y - 10, theme.cancelled, 2.5);
  }
}

function fill(canvas: CanvasRenderingContext2D, from: number, to: number, y: number, height: number, colour: string, alpha: number): void {
  canvas.globalAlpha = alpha;
  canvas.fillStyle = colour;
  canvas.fillRect(from, y - height / 2, Math.max(0, to - from), height);
  canvas.globalAlpha = 1;
}

/** A line along `y`; with a reach, a line across it. */
function line(canvas: CanvasRenderingContext2D, from: number, to: number, y: number, colour: string, width: number, reach = 0): void {
  canvas.strokeStyle = colour;
  canvas.lineWidth = width;
  canvas.lineCap = reach > 0 ? 'round' : 'butt';
  canvas.beginPath();
  canvas.moveTo(from, y - reach);
  canvas.lineTo(to, y + reach);
  canvas.stroke();
}

function drawMarble(canvas: CanvasRenderingContext2D, x: number, y: number, radius: number, inside: string, colour: string): void {
  canvas.beginPath();
  canvas.arc(x, y, radius, 0, 2 * Math.PI);
  canvas.fillStyle = inside;
  canvas.fill();
  canvas.strokeStyle = colour;
  canvas.lineWidth = 2;
  canvas.stroke();
}

function drawCross(canvas: CanvasRenderingContext2D, x: number, y: number, size: number, colour: string, around: string): void {
  for (const [stroke, width] of [
    [around, 5],
    [colour, 2.25],
  ] as const) {
    canvas.strokeStyle = stroke;
    canvas.lineWidth = width;
    canvas.lineCap = 'round';
    canvas.beginPath();
    canvas.moveTo(x - size, y - size);
    canvas.lineTo(x + size, y + size);
    canvas.moveTo(x + size, y - size);
    canvas.lineTo(x - size, y + size);
    canvas.stroke();
  }
}

/** A small word above the line, on the side where there is room. */
function aside(canvas: CanvasRenderingContext2D, text: string, x: number, y: number, colour: string, end: number): void {
  canvas.font = '500 10px system-ui, sans-serif';
  const isTooLong = x + canvas.measureText(text).width > end - 6;
  canvas.textBaseline = 'middle';
  canvas.textAlign = isTooLong ? 'right' : 'left';
  canvas.fillStyle = colour;
  canvas.fillText(text, isTooLong ? x - 14 : x, y + 0.5);
}

function write(canvas: CanvasRenderingContext2D, text: string, x: number, y: number, colour: string): void {
  canvas.font = font;
  canvas.textBaseline = 'middle';
  canvas.textAlign = 'left';
  canvas.fillStyle = colour;
  canvas.fillText(text, x, y + 0.5);
}

function pill(canvas: CanvasRenderingContext2D, text: string, x: number, y: number, colour: string, inside: string): void {
  canvas.font = font;
  canvas.textAlign = 'center';
  canvas.textBaseline = 'middle';
  const width = canvas.measureText(text).width + 10;
  canvas.fillStyle = inside;
  canvas.beginPath();
  canvas.roundRect(x - width / 2, y - 8, width, 16, 8);
  canvas.fill();
  canvas.fillStyle = colour;
  canvas.fillText(text, x, y + 0.5);
}
