import { endsInHalf, Graphemes, lot, maxCluster } from './graphemes.ts';
import { TextQueue } from './text-queue.ts';

/** How fast text is given on. */
export interface PaceLimits {
  /** Grapheme clusters a second. */
  readonly charactersPerSecond: number;
  /** How long text may wait, in milliseconds. */
  readonly maxLag: number;
  /** How much may wait, in UTF-16 code units; what is beyond goes at once. */
  readonly maxHeld: number;
  /** Milliseconds between two steps, at least. */
  readonly every: number;
}

/** So many clusters, counted from the first that waits, must have gone at this time. */
interface Mark {
  clusters: number;
  readonly dueAt: number;
}

/** Deadlines that are closer than this part of the lag to each other count as the earlier of them: a handful is kept, whatever comes. */
const marksPerLag = 16;
/** What a sum of fractions may lack of a whole. */
const rounding = 1e-6;

/**
 * The pace at which text is shown: steady, and faster only as far as nothing would wait longer than the lag otherwise.
 *
 * Clusters are whole: the last waits for what comes after it, unless its time has come. Linear in the text; the clock is a parameter.
 */
export class Pace {
  readonly #limits: PaceLimits;
  readonly #graphemes = new Graphemes();
  readonly #queue = new TextQueue();
  /** The last cluster, which may still grow. */
  #open = '';
  #openDueAt = Number.POSITIVE_INFINITY;
  #clusters = 0;
  readonly #marks: Mark[] = [];
  /** Clusters that may go now. */
  #credit = 1;
  #at = Number.NEGATIVE_INFINITY;
  #rate: number;

  constructor(limits: PaceLimits) {
    this.#limits = limits;
    this.#rate = limits.charactersPerSecond;
  }

  /** What waits, in UTF-16 code units. */
  get held(): number {
    return this.#queue.length + this.#open.length;
  }

  /** Takes the next delta. */
  add(delta: string, now: number): void {
    if (delta === '') return;
    this.#settle(now);
    const text = this.#open + delta;
    // Half of a pair says nothing yet of what it will be, nor of whether it joins the cluster before it.
    const start = this.#graphemes.lastStart(endsInHalf(text) ? text.slice(0, -1) : text);
    // A cluster that never ends is no cluster any more.
    const isEndless = text.length - start > maxCluster;
    this.#enqueue(isEndless ? text : text.slice(0, start), now);
    // One that only grows has not come anew.
    if (isEndless) this.#openDueAt = Number.POSITIVE_INFINITY;
    else if (start > 0 || this.#open === '') this.#openDueAt = now + this.#limits.maxLag;
    this.#open = isEndless ? '' : text.slice(start);
    this.#adjust(now);
  }

  /** The text has ended: the last cluster will not grow. */
  end(now: number): void {
    this.#settle(now);
    this.#enqueue(this.#open, now);
    this.#open = '';
    this.#openDueAt = Number.POSITIVE_INFINITY;
    this.#adjust(now);
  }

  /** Takes what may be shown now; empty if nothing may. */
  take(now: number): string {
    this.#settle(now);
    let count = Math.min(Math.floor(this.#credit + rounding), this.#clusters);
    for (const { clusters, dueAt } of this.#marks) if (dueAt <= now) count = Math.max(count, clusters);
    this.#credit = Math.max(0, this.#credit - count);
    let text = count === this.#clusters ? this.#queue.take(this.#queue.length) : this.#takeClusters(count);
    this.#forget(count);
    if (this.#openDueAt <= now) text += this.takeRest();
    else if (this.held > this.#limits.maxHeld) text += this.#takeExcess();
    this.#adjust(now);
    return text;
  }

  /** Takes everything. */
  takeRest(): string {
    const text = this.#queue.take(this.#queue.length) + this.#open;
    this.#open = '';
    this.#openDueAt = Number.POSITIVE_INFINITY;
    this.#forget(this.#clusters);
    return text;
  }

  /** When there is something to take next; `Infinity` while nothing waits. */
  get dueAt(): number {
    if (this.#clusters === 0) return this.#openDueAt;
    const wait = Math.max(this.#limits.every, ((1 - this.#credit) * 1_000) / this.#rate);
    return Math.min(
      this.#credit + rounding >= 1 ? this.#at : this.#at + wait,
      this.#marks[0]?.dueAt ?? Number.POSITIVE_INFINITY,
      this.#openDueAt,
    );
  }

  #settle(now: number): void {
    if (now > this.#at) {
      const gained = ((now - this.#at) * this.#rate) / 1_000;
      this.#credit = this.#clusters === 0 ? Math.min(1, this.#credit + gained) : this.#credit + gained;
      this.#at = now;
    }
  }

  #enqueue(text: string, now: number): void {
    const count = this.#graphemes.count(text);
    if (count === 0) return;
    // The first cluster may have come, in part, long before the rest.
    if (this.#open !== '') this.#mark(this.#clusters + 1, this.#openDueAt);
    this.#queue.push(text);
    this.#clusters += count;
    this.#mark(this.#clusters, now + this.#limits.maxLag);
  }

  #mark(clusters: number, dueAt: number): void {
    if (dueAt === Number.POSITIVE_INFINITY) return;
    const last = this.#marks.at(-1);
    const isClose = last && (dueAt - last.dueAt < this.#limits.maxLag / marksPerLag || this.#marks.length > 2 * marksPerLag);
    if (isClose) last.clusters = clusters;
    else this.#marks.push({ clusters, dueAt });
  }

  #takeClusters(count: number): string {
    let text = '';
    for (let left = count; left > 0 && this.#queue.length > 0; ) {
      const piece = this.#queue.peek(lot + 2);
      const isWhole = piece.length === this.#queue.length;
      let found = 0;
      let start = 0;
      for (const { index } of this.#graphemes.of(piece)) {
        start = index;
        if (found++ === left) break;
      }
      // The last cluster of a piece may go on behind it.
      const isEnough = found > left;
      const end = isEnough || (!isWhole && start > 0) ? start : isWhole ? piece.length : this.#graphemes.borderBefore(piece, lot);
      text += this.#queue.take(end);
      left -= end === start ? found - 1 : found;
    }
    return text;
  }

  #takeExcess(): string {
    const excess = this.held - this.#limits.maxHeld;
    const before = this.#queue.peek(excess + maxCluster);
    const border = this.#graphemes.borderBefore(before, Math.min(excess + maxCluster / 2, before.length));
    const text = this.#queue.take(border);
    this.#forget(this.#graphemes.count(text));
    return text;
  }

  #forget(count: number): void {
    // Where a cluster had to be cut the count may be wrong; what waits is never forgotten for it.
    this.#clusters = this.#queue.length === 0 ? 0 : Math.max(1, this.#clusters - count);
    if (this.#clusters === 0) this.#credit = Math.min(1, this.#credit);
    for (const mark of this.#marks) mark.clusters -= count;
    while ((this.#marks[0]?.clusters ?? 1) <= 0) this.#marks.shift();
  }

  /** As fast as it has to be from now on, so that each mark is reached in time. */
  #adjust(now: number): void {
    this.#rate = this.#limits.charactersPerSecond;
    for (const { clusters, dueAt } of this.#marks) {
      if (dueAt > now) this.#rate = Math.max(this.#rate, (clusters * 1_000) / (dueAt - now));
    }
  }
}
