import { MemoryLog } from './memory-log.ts';
import { cancelledOutcome, interruptedOutcome, producerLostCode } from './store-errors.ts';
import type { StreamInit, StreamOutcome, StreamProgress, StreamRecord } from './stream-record.ts';
import type { HolderReply, LeaseOptions, StreamBatch, StreamTaking } from './stream-store.ts';
import { WatcherMarks } from './watcher-marks.ts';

/** What a record costs beside its texts, in bytes. */
const recordBytes = 1_024;

/** What becomes of an append: written, or the reply where nothing is. */
type Appending = 'new' | HolderReply;

/** The state machine of one stream in memory. The time is a parameter of whatever depends on it. */
export class MemoryStream {
  readonly log = new MemoryLog();
  readonly watchers = new WatcherMarks();
  readonly init: StreamInit;
  readonly createdAt: number;
  /** Under which the store finds it by idempotency key; undefined where it does not. */
  key: string | undefined;
  /** When the store lets it go; set by the store. */
  expiresAt = 0;
  outcome: StreamOutcome | undefined;
  owner: string;
  isCancelled = false;
  progress: StreamProgress | undefined;
  epoch = 1;
  #leaseUntil: number;
  #takeovers = 0;
  /** Who sealed it and with what, so that the same call again is told from another one. */
  #seal = '';
  readonly #claims = new Set<string>();
  #bytes: number;

  constructor(init: StreamInit, { owner, lease }: LeaseOptions, key: string | undefined, now: number) {
    this.init = { ...init };
    this.owner = owner;
    this.key = key;
    this.createdAt = now;
    this.#leaseUntil = now + lease;
    this.#bytes = MemoryStream.bytesOf(init, key);
  }

  static bytesOf({ id, requestId, tenant = '', requestHash, request = '' }: StreamInit, key = ''): number {
    return recordBytes + 2 * (2 * id.length + requestId.length + tenant.length + requestHash.length + request.length + 2 * key.length);
  }

  get bytes(): number {
    return this.#bytes + this.log.bytes;
  }

  isExpired(now: number): boolean {
    return !this.outcome && now >= this.#leaseUntil;
  }

  /** Whether this is what a call of `create` made, should that be made again. */
  isMadeBy({ id, requestId, requestHash, tenant }: StreamInit, owner: string): boolean {
    const { init } = this;
    const isSame = init.id === id && init.requestId === requestId && init.requestHash === requestHash && init.tenant === tenant;
    return isSame && this.owner === owner && this.epoch === 1 && !this.outcome;
  }

  record(now: number): StreamRecord {
    return {
      ...this.init,
      state: this.outcome ? 'sealed' : this.isExpired(now) ? 'expired' : 'held',
      owner: this.owner,
      leaseMs: this.outcome ? 0 : Math.max(0, this.#leaseUntil - now),
      epoch: this.epoch,
      last: this.log.last,
      takeovers: this.#takeovers,
      isCancelled: this.isCancelled,
      watchers: this.watchers.count(now),
      createdAt: this.createdAt,
      progress: this.progress,
      outcome: this.outcome,
    };
  }

  /** Why this epoch may not write; undefined where it may. */
  refusal(epoch: number): HolderReply | undefined {
    if (this.outcome) return 'sealed';
    if (epoch === this.epoch) return undefined;
    return epoch < this.epoch ? 'fenced' : 'lost';
  }

  /** What an append would be: one that was made before is `ok`, one that does not follow the last entry says that something is gone. */
  admits(epoch: number, { sequence, events }: StreamBatch): Appending {
    const refused = this.refusal(epoch);
    if (refused) return refused;
    if (sequence === this.log.last + 1) return 'new';
    return sequence > this.log.begin && sequence + events.length - 1 <= this.log.last ? 'ok' : 'lost';
  }

  append({ events, progress }: StreamBatch): void {
    this.log.append(events);
    this.progress = progress;
  }

  renew(lease: number, now: number): 'ok' {
    this.#leaseUntil = now + lease;
    return 'ok';
  }

  take({ owner, lease }: LeaseOptions, now: number): StreamTaking['status'] & ('taken' | 'sealed' | 'held') {
    if (this.outcome) return 'sealed';
    if (!this.isExpired(now)) return 'held';
    if (this.isCancelled) this.outcome = cancelledOutcome(this.init.requestId);
    else if (!this.#isTakenOver(now)) this.outcome = interruptedOutcome(this.init.requestId, producerLostCode);
    if (this.outcome) return 'sealed';
    this.epoch++;
    this.#takeovers++;
    this.owner = owner;
    this.#leaseUntil = now + lease;
    this.log.takeOver(this.epoch);
    return 'taken';
  }

  /** Whether a holder has to be told. */
  cancel(now: number): boolean {
    if (this.outcome) return false;
    this.isCancelled = true;
    if (!this.isExpired(now)) return true;
    this.outcome = cancelledOutcome(this.init.requestId);
    return false;
  }

  seal(epoch: number, last: number, outcome: StreamOutcome): HolderReply {
    const seal = JSON.stringify([epoch, last, outcome]);
    if (this.outcome && seal === this.#seal) return 'ok';
    const refused = this.refusal(epoch);
    if (refused) return refused;
    if (last !== this.log.last) return 'lost';
    this.outcome = outcome;
    this.#seal = seal;
    return 'ok';
  }

  isClaimed(toolCallId: string): boolean {
    return this.#claims.has(toolCallId);
  }

  claim(toolCallId: string): void {
    this.#claims.add(toolCallId);
    this.#bytes += MemoryStream.bytesOfClaim(toolCallId);
  }

  static bytesOfClaim(toolCallId: string): number {
    return 64 + 2 * toolCallId.length;
  }

  #isTakenOver(now: number): boolean {
    const { takeover, maxTakeovers, deadline } = this.init;
    if (takeover === 'fail' || this.#takeovers >= maxTakeovers) return false;
    if (deadline !== undefined && deadline <= now) return false;
    return takeover === 'resume' || !this.progress?.hasToolCall;
  }
}
