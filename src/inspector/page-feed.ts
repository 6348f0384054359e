import { Observable, Subject, type Subscription } from 'rxjs';
import type { Lanes } from './lane.ts';
import { noLanes, reduceLanes } from './lanes.ts';
import { type LanesSnapshot, toSnapshot } from './lanes-snapshot.ts';
import type { LifecycleRecord } from './lifecycle-record.ts';

const batchEvery = 60;
const gaugeEvery = 1_000;
/** While nobody looks, records are taken up so many at a time. */
const manyPending = 256;
/** No burst makes more of them wait. */
const maxPending = 4_096;

/** What a page is told. `now` is the server's time. */
export type PageMessage =
  | { readonly type: 'snapshot'; readonly now: number; readonly isLog: boolean; readonly lanes: LanesSnapshot }
  | { readonly type: 'records'; readonly now: number; readonly records: readonly LifecycleRecord[] };

/** All that pages are told: what was, and then what comes, a few times a second. */
export class PageFeed {
  #model: Lanes;
  #pending: LifecycleRecord[] = [];
  #batch: ReturnType<typeof setTimeout> | undefined;
  #gauging: ReturnType<typeof setInterval> | undefined;
  #pages = 0;
  readonly #isLog: boolean;
  readonly #gauge: () => LifecycleRecord | undefined;
  readonly #messages$ = new Subject<PageMessage>();
  #records: Subscription | undefined;

  constructor(maxLanes: number, isLog: boolean, gauge: () => LifecycleRecord | undefined) {
    this.#model = noLanes({ maxLanes });
    this.#isLog = isLog;
    this.#gauge = gauge;
  }

  /** Listens from now on. */
  follow(records$: Observable<LifecycleRecord>): void {
    this.#records = records$.subscribe((record) => this.#take(record));
  }

  /** Takes up a whole log. */
  load(records: readonly LifecycleRecord[]): void {
    for (let index = 0; index < records.length; index += maxPending) this.#reduce(records.slice(index, index + maxPending));
  }

  /** What one page reads. */
  readonly page$ = new Observable<PageMessage>((subscriber) => {
    this.#flush();
    const messages = this.#messages$.subscribe(subscriber);
    this.#pages++;
    subscriber.add(() => {
      messages.unsubscribe();
      if (--this.#pages > 0) return;
      clearInterval(this.#gauging);
      this.#gauging = undefined;
    });
    subscriber.next({ type: 'snapshot', now: this.#now(), isLog: this.#isLog, lanes: toSnapshot(this.#model) });
    if (this.#isLog) return;
    this.#gauging ??= setInterval(() => this.#readGauges(), gaugeEvery).unref();
    this.#readGauges();
  });

  close(): void {
    this.#records?.unsubscribe();
    clearTimeout(this.#batch);
    clearInterval(this.#gauging);
    this.#messages$.complete();
  }

  #take(record: LifecycleRecord): void {
    this.#pending.push(record);
    if (this.#pending.length >= maxPending) this.#flush();
    else if (this.#pages > 0 || this.#pending.length >= manyPending) this.#batch ??= setTimeout(() => this.#flush(), batchEvery).unref();
  }

  #flush(): void {
    clearTimeout(this.#batch);
    this.#batch = undefined;
    if (this.#pending.length === 0) return;
    const records = this.#reduce(this.#pending);
    this.#pending = [];
    this.#messages$.next({ type: 'records', now: this.#now(), records });
  }

  /** Takes records up, and gives those that could be: one that is not what it says must not be in the way of the others. */
  #reduce(records: readonly LifecycleRecord[]): readonly LifecycleRecord[] {
    try {
      this.#model = reduceLanes(this.#model, records);
      return records;
    } catch {
      if (records.length === 1) return [];
      const half = records.length >> 1;
      return [...this.#reduce(records.slice(0, half)), ...this.#reduce(records.slice(half))];
    }
  }

  #readGauges(): void {
    try {
      const record = this.#gauge();
      if (record) this.#take(record);
    } catch {
      // Who looks on must not be heard of.
    }
  }

  #now(): number {
    return this.#isLog ? this.#model.at : Date.now();
  }
}
