/** The cooldown as `policies.md` tells it, worked out anew from a log of everything that happened: slow, and easy to check by eye. */

type Entry =
  | { readonly kind: 'pass'; readonly at: number }
  | { readonly kind: 'succeeded'; readonly at: number }
  | { readonly kind: 'released'; readonly at: number }
  | { readonly kind: 'exhausted'; readonly at: number; readonly ms: number }
  | { readonly kind: 'limited'; readonly at: number; readonly ms: number | undefined };

interface Told {
  notBefore: number;
  /** Requests a second; `undefined` while nothing paces them. */
  pace: number | undefined;
  /** The pace that is allowed at most, after one that failed. */
  most: number;
  /** When one last went as its place came, for which it had waited. */
  lastHeld: number;
  lastPass: number;
  lastTrouble: number;
  owesProbe: boolean;
  probeOutSince: number | undefined;
}

const longest = 120_000;
/** Where nobody has been refused yet. */
const longestHold = 20_000;
const calm = 60_000;

export class ReferenceCooldown {
  readonly log: Entry[] = [];

  add(entry: Entry): void {
    this.log.push(entry);
  }

  due(now: number): number {
    const told = this.#read();
    const gate = told.notBefore - now;
    if (!isPaced(told, now)) return Math.max(0, gate);
    // Behind a probe nobody goes, unless it is lost; else one goes each 1/pace seconds.
    const place = told.probeOutSince === undefined ? told.lastPass + 1_000 / told.pace : told.probeOutSince + longest;
    // Nor for longer than the pace is remembered.
    return Math.max(0, gate, Math.min(place, calmAt(told)) - now);
  }

  estimate(ahead: number, now: number): number {
    const told = this.#read();
    const gate = told.notBefore - now;
    if (!isPaced(told, now)) return Math.max(0, gate);
    return Math.max(0, gate, told.lastPass + 1_000 / told.pace - now) + (ahead * 1_000) / told.pace;
  }

  #read(): Told {
    const told = nothing();
    for (const entry of this.log) {
      const { at } = entry;
      if (entry.kind === 'released') told.probeOutSince = undefined;
      else if (entry.kind === 'exhausted') told.notBefore = Math.max(told.notBefore, at + Math.min(entry.ms, longestHold));
      else if (entry.kind === 'pass') passed(told, at);
      else if (entry.kind === 'succeeded') {
        told.probeOutSince = undefined;
        told.owesProbe = false;
        if (told.pace !== undefined) told.pace = Math.min(told.pace + 0.5 / Math.max(1, told.pace), told.most);
      } else limited(told, at, entry.ms);
    }
    return told;
  }
}

function nothing(): Told {
  return {
    notBefore: Number.NEGATIVE_INFINITY,
    pace: undefined,
    most: Number.POSITIVE_INFINITY,
    lastHeld: Number.NEGATIVE_INFINITY,
    lastPass: Number.NEGATIVE_INFINITY,
    lastTrouble: Number.NEGATIVE_INFINITY,
    owesProbe: false,
    probeOutSince: undefined,
  };
}

function isPaced(told: Told, now: number): told is Told & { pace: number } {
  return told.pace !== undefined && now < calmAt(told);
}

/** When the pace is forgotten: long after the last trouble. While a probe is out, or a line leaves at the pace, the trouble is not over. */
function calmAt({ lastTrouble, notBefore, lastHeld, probeOutSince = Number.NEGATIVE_INFINITY }: Told): number {
  return Math.max(lastTrouble, notBefore, lastHeld, probeOutSince + longest) + calm;
}

function passed(told: Told, at: number): void {
  if (!isPaced(told, at)) {
    const { notBefore, lastTrouble } = told;
    Object.assign(told, nothing(), { notBefore, lastTrouble });
    return;
  }
  // On the very moment of its place, give or take: it has waited for it.
  if (at - (told.lastPass + 1_000 / told.pace) < 50) told.lastHeld = at;
  if (told.owesProbe) told.probeOutSince = at;
  told.lastPass = at;
}

function limited(told: Told, at: number, ms: number | undefined): void {
  if (ms === undefined && told.pace === undefined) return;
  // Halved at the first limit after somebody went; those who had gone before say nothing new.
  const isFirstSince = told.lastPass >= told.notBefore && told.lastPass > told.lastTrouble;
  if (told.pace === undefined) told.pace = 1;
  else if (isFirstSince) {
    told.most = Math.max(0.05, told.pace * 0.9);
    told.pace = Math.max(0.05, told.pace / 2);
  }
  told.probeOutSince = undefined;
  told.lastTrouble = at;
  if ((ms ?? 0) > longest) told.owesProbe = true;
  told.notBefore = Math.max(told.notBefore, at + Math.min(ms ?? 0, longest));
}
