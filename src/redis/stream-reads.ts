import { Observable } from 'rxjs';
import type { StoredEvent } from '../index.ts';
import { currentFlowGate } from '../recovery/store.ts';
import { BlockingReads } from './blocking-reads.ts';
import { ControlStream } from './control-stream.ts';
import { LiveTail } from './live-tail.ts';
import type { OpenedStream } from './opened-stream.ts';
import type { RedisAccess } from './redis-access.ts';
import { storeClosed } from './redis-failure.ts';
import { StreamReader } from './stream-reader.ts';

/** All that this process reads: each stream once, however many want it. */
export class StreamReads {
  readonly #access: RedisAccess;
  readonly #blocking: BlockingReads;
  readonly #tails = new Map<string, LiveTail>();
  readonly #controls = new Map<string, ControlStream>();
  readonly #readers = new Set<StreamReader>();
  #isClosed = false;

  constructor(access: RedisAccess) {
    this.#access = access;
    this.#blocking = new BlockingReads(access);
  }

  read(id: string, after: string | undefined): Observable<StoredEvent> {
    return new Observable((subscriber) => {
      if (this.#isClosed) throw storeClosed();
      let tail: LiveTail | undefined;
      const enter = (opened: OpenedStream) => {
        tail = this.#enter(id, opened);
        tail.readers.add(reader);
        return tail;
      };
      const reader: StreamReader = new StreamReader({ access: this.#access, id, after, gate: currentFlowGate(), enter }, subscriber);
      this.#readers.add(reader);
      subscriber.add(() => {
        this.#readers.delete(reader);
        if (tail?.readers.size === 0) this.#leave(id, tail);
      });
      reader.advance();
    });
  }

  cancellations(owner: string): Observable<string> {
    return new Observable((subscriber) => {
      if (this.#isClosed) return subscriber.complete();
      const known = this.#controls.get(owner);
      const control = known ?? new ControlStream(this.#access, this.#blocking, owner);
      this.#controls.set(owner, control);
      control.subscribers.add(subscriber);
      if (!known) control.begin();
      subscriber.add(() => {
        control.subscribers.delete(subscriber);
        if (control.subscribers.size > 0) return;
        control.end();
        if (this.#controls.get(owner) === control) this.#controls.delete(owner);
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const reader of [...this.#readers]) reader.fail(storeClosed());
    for (const control of [...this.#controls.values()]) for (const subscriber of [...control.subscribers]) subscriber.complete();
    this.#blocking.close(storeClosed());
  }

  #enter(id: string, { extent, lease }: OpenedStream): LiveTail {
    const known = this.#tails.get(id);
    if (known) return known;
    const tail: LiveTail = new LiveTail(this.#access.keys.of(id), extent.last, lease, () => this.#leave(id, tail));
    this.#tails.set(id, tail);
    this.#blocking.add(tail);
    return tail;
  }

  #leave(id: string, tail: LiveTail): void {
    this.#blocking.remove(tail);
    if (this.#tails.get(id) === tail) this.#tails.delete(id);
  }
}
