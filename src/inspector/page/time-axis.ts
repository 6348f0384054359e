import type { Theme } from './theme.ts';
import type { Window } from './view.ts';

const steps = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];

/** The lines of time behind the lanes, and their labels in a strip on top. */
export function drawAxis(
  canvas: CanvasRenderingContext2D,
  theme: Theme,
  { from, to }: Window,
  now: number,
  size: { readonly left: number; readonly width: number; readonly height: number; readonly strip: number },
): void {
  const { left, width, height, strip } = size;
  const perMs = width / (to - from);
  const step = steps.find((each) => each * perMs >= 90) ?? 7_200_000;
  const x = (at: number): number => left + (at - from) * perMs;
  canvas.font = '11px system-ui, sans-serif';
  canvas.textBaseline = 'middle';
  canvas.textAlign = 'center';
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const place = Math.round(x(at)) + 0.5;
    canvas.strokeStyle = theme.faint;
    canvas.lineWidth = 1;
    canvas.beginPath();
    canvas.moveTo(place, strip);
    canvas.lineTo(place, height);
    canvas.stroke();
    canvas.fillStyle = theme.muted;
    if (place > left + 30) canvas.fillText(clock(at, step), place, strip / 2);
  }
  if (now >= from && now <= to) {
    const place = Math.round(x(now)) + 0.5;
    canvas.strokeStyle = theme.content;
    canvas.globalAlpha = 0.55;
    canvas.beginPath();
    canvas.moveTo(place, strip - 6);
    canvas.lineTo(place, height);
    canvas.stroke();
    canvas.globalAlpha = 1;
  }
}

function clock(at: number, step: number): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, '0');
  const seconds = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return step < 1_000 ? `${seconds}.${Math.floor(date.getMilliseconds() / 100)}` : seconds;
}
