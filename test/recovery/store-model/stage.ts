import { setTimeout as pause } from 'node:timers/promises';
import { catchError, firstValueFrom, of, toArray } from 'rxjs';
import { snapshotOf } from '../../../src/recovery/snapshot-of.ts';
import { errorOfOutcome } from '../../../src/recovery/store-errors.ts';
import type { StreamInit, StreamOutcome, StreamRecord } from '../../../src/recovery/stream-record.ts';
import type { StreamStore } from '../../../src/recovery/stream-store.ts';
import { mulberry32 } from './random.ts';
import { expectContiguous, tokensIn } from './tokens.ts';

/** One stream, and what is known of it by those who act on it: what must be in its log, what must not, and how it ended. */
export class Stage {
  readonly store: StreamStore;
  readonly init: StreamInit;
  readonly idempotencyKey: string;
  readonly trace: string[] = [];
  readonly counts = new Map<string, number>();
  /** The texts of events that the store has acknowledged, and of those that it has refused. */
  readonly acknowledged = new Set<string>();
  readonly refused = new Set<string>();
  /** Cursors of events that were refused as fenced: somebody may have seen them. */
  readonly phantoms: string[] = [];
  /** Who took or created each epoch. */
  readonly holders = new Map<number, string>();
  readonly claims = new Map<string, string>();
  id = '';
  isDeleted = false;
  isCancelled = false;
  outcome: StreamOutcome | undefined;
  /** What the last entry is, as the one believed who sealed it. */
  sealedAt: number | undefined;
  /** The whole text, once it is settled. */
  text = '';
  readonly #random: () => number;

  constructor(store: StreamStore, seed: number) {
    this.store = store;
    this.#random = mulberry32(seed);
    const name = `${seed.toString(36)}-${crypto.randomUUID()}`;
    this.idempotencyKey = `key-${name}`;
    const takeover = this.chance(0.1) ? 'fail' : (this.pick(['resume', 'continue', 'restart'] as const) ?? 'fail');
    const maxTakeovers = this.pick([0, 1, 2, 8, 8, 8]) ?? 1;
    this.init = { id: `stream-${name}`, requestId: `request-${name}`, requestHash: 'hash', takeover, maxTakeovers };
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  between(min: number, max: number): number {
    return min + Math.floor(this.#random() * (max - min + 1));
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  note(what: string, answer: unknown): void {
    const told = typeof answer === 'string' ? answer : JSON.stringify(answer);
    this.trace.push(`${what}: ${told}`);
    const name = [what.replace(/^p\d /, ''), ...(typeof answer === 'string' ? [answer] : [])].join(' ');
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  /** Makes a call, sometimes twice, because the first reply was lost. */
  async call<T>(what: string, call: () => Promise<T>, show: (answer: T) => unknown = (answer) => answer): Promise<T> {
    if (this.chance(0.15)) {
      const first = await call();
      this.note(`${what} unheard`, show(first));
      for (let turns = this.between(0, 3); turns > 0; turns--) await Promise.resolve();
    }
    const answer = await call();
    this.note(what, show(answer));
    return answer;
  }

  /** What must hold at any time. */
  async look(): Promise<StreamRecord | undefined> {
    const record = await this.store.get(this.id);
    if (this.isDeleted && record) throw new Error('it is there again after it was deleted');
    if (!record) {
      if (this.id !== '' && !this.isDeleted) throw new Error('it is gone, and nobody has deleted it');
      return undefined;
    }
    this.ended(record);
    if (record.takeovers > this.init.maxTakeovers) throw new Error(`it was taken ${record.takeovers} times`);
    if (record.epoch !== record.takeovers + 1) throw new Error(`epoch ${record.epoch} after ${record.takeovers} takeovers`);
    return record;
  }

  /** It was seen how it ended; that does not change any more. */
  ended({ state, outcome }: Pick<StreamRecord, 'state' | 'outcome'>): void {
    if ((state === 'sealed') !== (outcome !== undefined)) throw new Error(`it is ${state}, and its outcome is ${outcome?.status}`);
    if (this.outcome && JSON.stringify(this.outcome) !== JSON.stringify(outcome)) throw new Error('its outcome is another than it was');
    this.outcome ??= outcome;
  }

  held(epoch: number, by: string): void {
    const holder = this.holders.get(epoch);
    if (holder !== undefined && holder !== by) throw new Error(`${by} holds epoch ${epoch}, and so does ${holder}`);
    this.holders.set(epoch, by);
  }

  /** Whoever is left ends it, and the log is looked at. */
  async settle(): Promise<void> {
    const record = await this.look();
    if (!record) return;
    if (record.state !== 'sealed') {
      const outcome: StreamOutcome = { status: this.chance(0.5) ? 'done' : 'cancelled' };
      const reply = await this.store.seal({ id: this.id, epoch: record.epoch }, { last: record.last, outcome });
      this.note('somebody seals at the end', reply);
      if (reply !== 'ok') throw new Error(`the last seal is ${reply}`);
      await this.look();
    }
    this.text = await this.#read(record);
    const tokens = tokensIn(this.text);
    expectContiguous(tokens, { epoch: record.epoch, last: this.sealedAt ?? record.last });
    for (const { epoch, by } of tokens) this.held(epoch, by);
    const written = new Set(tokens.map(({ text }) => text));
    for (const text of this.acknowledged) if (!written.has(text)) throw new Error(`${text} was acknowledged, and is not in the log`);
    for (const text of this.refused) if (written.has(text)) throw new Error(`${text} was refused, and is in the log`);
  }

  async #read({ id }: StreamRecord): Promise<string> {
    const events = await firstValueFrom(
      this.store.read(id).pipe(
        catchError(() => of()),
        toArray(),
      ),
    );
    return snapshotOf(events).text;
  }

  /** The error that readers are told in the end; undefined where they complete. */
  get ending(): string | undefined {
    return this.outcome && errorOfOutcome(this.outcome)?.category;
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    for (let turns = 0; !isSo(); turns++) {
      if (turns > 2_000) throw new Error(`${what}: it does not come`);
      await (turns < 20 ? Promise.resolve() : pause(5));
    }
  }
}
