import { catchError, firstValueFrom, of, takeWhile, toArray } from 'rxjs';
import type { EventLike } from '../../../src/core/event.ts';
import { formatCursor, parseCursor } from '../../../src/recovery/cursor.ts';
import { serializeEvent } from '../../../src/recovery/event-json.ts';
import { snapshotOf } from '../../../src/recovery/snapshot-of.ts';
import type { StreamRecord } from '../../../src/recovery/stream-record.ts';
import type { HolderReply, LeaseOptions, StoredEvent, StreamBatch, StreamHolder } from '../../../src/recovery/stream-store.ts';
import type { Stage } from './stage.ts';
import { tokenEvent } from './tokens.ts';

/** A process that may produce the stream, and goes on believing that it does until it is told otherwise. */
export class Rival {
  readonly #stage: Stage;
  readonly #name: string;
  #holder: StreamHolder | undefined;
  #last = 0;
  /** What the log says, as far as this one knows. */
  #said: EventLike[] = [];
  #hasToolCall = false;
  /** What was sent without a reply. */
  #pending: { readonly batch: StreamBatch; readonly events: readonly (EventLike & { readonly text: string })[] } | undefined;

  constructor(stage: Stage, name: string) {
    this.#stage = stage;
    this.#name = name;
  }

  async create(): Promise<void> {
    const { store, init, idempotencyKey } = this.#stage;
    const mine = { ...init, id: `${init.id}-${this.#name}` };
    const options = { ...this.#lease(), idempotencyKey };
    const { status, record } = await this.#call(
      'creates',
      () => store.create(mine, options),
      ({ status }) => status,
    );
    const stage = this.#stage;
    if (stage.id !== '' && stage.id !== record.id) throw new Error(`two streams under one key: ${stage.id} and ${record.id}`);
    stage.id = record.id;
    if (status !== 'created') return;
    if (record.id !== mine.id) throw new Error('it has created the stream of somebody else');
    this.#hold(record, []);
  }

  async act(): Promise<void> {
    const chance = (probability: number) => this.#stage.chance(probability);
    if (chance(0.006)) return this.#cancel();
    if (chance(0.002)) return this.#delete();
    if (chance(0.03)) return this.#claim();
    if (!this.#holder) return chance(0.2) ? this.#take() : undefined;
    // Silent: whatever it sends next may come too late.
    if (chance(0.25)) return;
    if (chance(0.04)) return this.#release(this.#holder);
    if (chance(0.03)) return this.#seal(this.#holder);
    if (chance(0.1)) return this.#renew(this.#holder);
    if (chance(0.1)) return this.#rotate(this.#holder);
    return this.#append(this.#holder);
  }

  async #take(): Promise<void> {
    const { store, id, isCancelled } = this.#stage;
    const options = this.#lease();
    const taking = await this.#call(
      'takes',
      () => store.take(id, options),
      ({ status }) => status,
    );
    if ('record' in taking) this.#stage.ended(taking.record);
    if (taking.status !== 'taken') return;
    if (isCancelled) throw new Error('it was cancelled, and is taken');
    const { record } = taking;
    if (record.progress?.hasToolCall && record.takeover !== 'resume') throw new Error('it called a tool, and is taken');
    const end = record.progress?.sequence ?? 0;
    const isBefore = ({ cursor }: StoredEvent) => (parseCursor(cursor)?.sequence ?? 0) < end;
    const said = store.read(id).pipe(
      takeWhile(isBefore, true),
      catchError(() => of()),
      toArray(),
    );
    this.#hold(record, end === 0 ? [] : await firstValueFrom(said));
  }

  async #append(holder: StreamHolder): Promise<void> {
    const stage = this.#stage;
    const isNew = !this.#pending;
    const { batch, events } = this.#pending ?? this.#batch(holder);
    this.#pending = { batch, events };
    let sent = 0;
    const call = () => {
      sent++;
      return stage.store.append(holder, batch);
    };
    if (stage.chance(0.1)) {
      stage.note(`${this.#name} appends, and does not listen`, await call());
      return;
    }
    const reply = await this.#call('appends', call);
    if (reply === 'ok') {
      for (const { text } of events) stage.acknowledged.add(text);
      this.#pending = undefined;
      this.#last = batch.sequence + events.length - 1;
      this.#said.push(...events);
      this.#hasToolCall ||= batch.progress.hasToolCall;
    } else {
      // Had it been sent before, that may have been written.
      if (isNew && sent === 1) for (const { text } of events) stage.refused.add(text);
      const after = batch.sequence + events.length;
      if (reply === 'fenced') stage.phantoms.push(formatCursor({ epoch: holder.epoch, sequence: after }));
      this.#told(reply);
    }
  }

  #batch({ epoch }: StreamHolder): { readonly batch: StreamBatch; readonly events: readonly (EventLike & { readonly text: string })[] } {
    const sequence = this.#last + 1;
    const events = Array.from({ length: this.#stage.between(1, 4) }, (_, index) => tokenEvent(epoch, sequence + index, this.#name));
    const hasToolCall = this.#hasToolCall || this.#stage.chance(0.01);
    const progress = { sequence: sequence + events.length - 1, provider: 'made-up', model: 'm', attempts: 1, hasToolCall };
    return { batch: { sequence, events: events.map(serializeEvent), progress }, events };
  }

  async #renew(holder: StreamHolder): Promise<void> {
    const { store, isCancelled } = this.#stage;
    const { lease } = this.#lease();
    const renewal = await this.#call(
      'renews',
      () => store.renew(holder, { lease }),
      ({ reply }) => reply,
    );
    if (renewal.reply === 'ok' && isCancelled && !renewal.isCancelled) throw new Error('a renewal does not tell of the cancellation');
    this.#told(renewal.reply);
  }

  async #rotate(holder: StreamHolder): Promise<void> {
    const { store } = this.#stage;
    const [sequence, snapshot] = [this.#last, serializeEvent({ type: 'snapshot', result: snapshotOf(this.#said) } as EventLike)];
    this.#told(await this.#call('rotates', () => store.rotate(holder, { sequence, snapshot })));
  }

  async #release(holder: StreamHolder): Promise<void> {
    const reply = await this.#call('releases', () => this.#stage.store.release(holder));
    this.#told(reply);
    // It may go on all the same: then it is one that should not be there.
    if (this.#stage.chance(0.5)) this.#holder = undefined;
  }

  async #seal(holder: StreamHolder): Promise<void> {
    const stage = this.#stage;
    const outcome = { status: stage.isCancelled ? 'cancelled' : 'done' } as const;
    const last = this.#last;
    const reply = await this.#call('seals', () => stage.store.seal(holder, { last, outcome }));
    if (reply === 'ok') {
      stage.ended({ state: 'sealed', outcome });
      stage.sealedAt = last;
    }
    // What is on its way is not known to be there, and so is what the last entry is.
    if (reply === 'lost' && this.#pending) return;
    this.#told(reply);
    if (reply === 'ok') this.#holder = undefined;
  }

  async #claim(): Promise<void> {
    const stage = this.#stage;
    const toolCallId = `call-${stage.between(1, 3)}`;
    const isMine = await stage.store.claim(stage.id, toolCallId);
    stage.note(`${this.#name} claims`, String(isMine));
    if (!isMine) return;
    const other = stage.claims.get(toolCallId);
    if (other !== undefined) throw new Error(`${toolCallId} is claimed by ${this.#name}, and was by ${other}`);
    stage.claims.set(toolCallId, this.#name);
  }

  async #cancel(): Promise<void> {
    const stage = this.#stage;
    const record = await this.#call(
      'cancels',
      () => stage.store.cancel(stage.id),
      (record) => record?.state ?? 'absent',
    );
    if (!record) return;
    stage.ended(record);
    stage.isCancelled = true;
  }

  async #delete(): Promise<void> {
    const stage = this.#stage;
    stage.isDeleted = true;
    await this.#call('deletes', () => stage.store.delete(stage.id), String);
  }

  #hold(record: StreamRecord, said: readonly EventLike[]): void {
    this.#stage.held(record.epoch, this.#name);
    this.#holder = { id: record.id, epoch: record.epoch };
    this.#last = record.last;
    this.#said = [...said];
    this.#hasToolCall = record.progress?.hasToolCall ?? false;
    this.#pending = undefined;
  }

  /** A reply that says no: for this epoch it is over, and stays so. */
  #told(reply: HolderReply): void {
    const stage = this.#stage;
    if (reply === 'ok') return;
    if (reply === 'lost' && !stage.isDeleted) throw new Error(`${this.#name} is told that it is lost, and nothing was`);
    // Some do not believe it.
    if (stage.chance(0.7)) this.#holder = undefined;
  }

  #lease(): LeaseOptions {
    return { owner: this.#name, lease: this.#stage.pick([0, 0, 1, 600_000]) ?? 0 };
  }

  #call<T>(what: string, call: () => Promise<T>, show?: (answer: T) => unknown): Promise<T> {
    return this.#stage.call(`${this.#name} ${what}`, call, show);
  }
}
