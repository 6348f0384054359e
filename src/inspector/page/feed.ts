import type { Lanes } from '../lane.ts';
import { reduceLanes } from '../lanes.ts';
import { fromSnapshot } from '../lanes-snapshot.ts';
import type { PageMessage } from '../page-feed.ts';

const again = 1_000;

/** What the server tells, past its restarts. */
export class Feed {
  model: Lanes;
  isLog = false;
  isConnected = false;
  /** Counts snapshots: each is a view from the beginning. */
  snapshots = 0;
  #offset = 0;
  readonly #changed: () => void;

  constructor(model: Lanes, changed: () => void) {
    this.model = model;
    this.#changed = changed;
    this.#open();
  }

  /** The server's time. */
  now(): number {
    return this.isLog ? this.model.at : Date.now() + this.#offset;
  }

  #open(): void {
    const source = new EventSource('/events');
    const reopen = (): void => {
      source.close();
      this.isConnected = false;
      this.#changed();
      setTimeout(() => this.#open(), again);
    };
    source.onmessage = ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as PageMessage | { readonly type: 'error' } | { readonly type: 'end' };
      if (message.type === 'error' || message.type === 'end') {
        reopen();
        return;
      }
      this.isConnected = true;
      this.#take(message);
      this.#changed();
    };
    // Its own way back gives up at an answer that is none; ours does not.
    source.onerror = reopen;
  }

  #take(message: PageMessage): void {
    this.#offset = message.now - Date.now();
    if (message.type === 'records') {
      this.model = reduceLanes(this.model, message.records);
      return;
    }
    this.isLog = message.isLog;
    this.model = fromSnapshot(message.lanes);
    this.snapshots++;
  }
}
