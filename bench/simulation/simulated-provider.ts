import type { VirtualClock } from './clock.ts';
import { exponential, type Random } from './random.ts';

/** What becomes of a request. Times are milliseconds. */
export type Fate =
  /** An answer with an error's status, before any content. */
  | { readonly kind: 'error'; readonly after: number; readonly status: number; readonly retryAfter?: number | undefined }
  /** Content begins, and goes on until the end, or until the connection breaks. */
  | { readonly kind: 'stream'; readonly firstContent: number; readonly length: number; readonly dies: boolean }
  /** Nothing ever comes. */
  | { readonly kind: 'silence' };

/** What whoever makes a request gets to see of its fate. */
export interface Sink {
  /** The response began; nothing of the answer is there yet. */
  head(): void;
  content(): void;
  finish(): void;
  /** The connection broke in the middle of the answer. */
  cut(): void;
  refuse(status: number, retryAfter: number | undefined): void;
}

/** Decides what becomes of a request that is made now. */
export type Conditions = (now: number, random: Random, tenant: number) => Fate;

/** A head alone is worth telling of where content is later than this. */
const longWait = 5_000;

/** Content comes at least this often. */
const contentEvery = 20_000;

/** A provider in virtual time: its answers depend on the moment and on chance. */
export class SimulatedProvider {
  /** When each request was made. */
  readonly requests: number[] = [];
  /** How many were answered with 429. */
  limited = 0;
  readonly #clock: VirtualClock;
  readonly #conditions: Conditions;
  readonly #random: Random;

  constructor(clock: VirtualClock, conditions: Conditions, random: Random) {
    this.#clock = clock;
    this.#conditions = conditions;
    this.#random = random;
  }

  /** Makes a request; the returned function abandons it. */
  request(sink: Sink, tenant = 0): () => void {
    this.requests.push(this.#clock.now);
    const fate = this.#conditions(this.#clock.now, this.#random, tenant);
    if (fate.kind === 'silence') return () => {};
    if (fate.kind === 'error') {
      if (fate.status === 429) this.limited++;
      return this.#clock.after(fate.after, () => sink.refuse(fate.status, fate.retryAfter));
    }
    return this.#stream(fate, sink);
  }

  #stream({ firstContent, length, dies }: Stream, sink: Sink): () => void {
    const end = firstContent + (dies ? length * this.#random() : length);
    let callOff = () => {};
    let elapsed = 0;
    const next = (at: number, step: () => void): void => {
      callOff = this.#clock.after(at - elapsed, () => {
        elapsed = at;
        step();
      });
    };
    const goOn = (): void => {
      sink.content();
      const at = elapsed + contentEvery;
      if (at < end) next(at, goOn);
      else next(end, () => (dies ? sink.cut() : sink.finish()));
    };
    const begin = (): void => {
      sink.head();
      if (elapsed < firstContent) next(firstContent, goOn);
      else goOn();
    };
    next(firstContent > longWait ? healthyHead : firstContent, begin);
    return () => callOff();
  }
}

const healthyHead = 300;

type Stream = Fate & { readonly kind: 'stream' };

function healthyStream(random: Random): Stream {
  return { kind: 'stream', firstContent: 300 + exponential(random, 700), length: exponential(random, 10_000), dies: false };
}

/** First content after 0.3 s + Exp(0.7 s), and some ten seconds of answer. */
export const healthy: Conditions = (_now, random) => healthyStream(random);

/** An overload that says nothing of how long, or a defect: an error after 200 ms. */
export const failing: Conditions = () => ({ kind: 'error', after: 200, status: 503 });

/** Accepts requests, and answers none. */
export const silent: Conditions = () => ({ kind: 'silence' });

/** Each request fails with a probability. */
export function failingAt(share: number, otherwise: Conditions = healthy): Conditions {
  return (now, random, tenant) => (random() < share ? failing : otherwise)(now, random, tenant);
}

/** Every request of one tenant fails, and a share of the others'. */
export function failingFor(culprit: number, others: number): Conditions {
  const usual = failingAt(others);
  return (now, random, tenant) => (tenant === culprit ? failing : usual)(now, random, tenant);
}

/** Each stream that begins breaks with a probability. */
export function dyingAt(share: number): Conditions {
  return (_now, random) => ({ ...healthyStream(random), dies: random() < share });
}

/** First content comes this late. */
export function slowBy(firstContent: number): Conditions {
  return (_now, random) => ({ ...healthyStream(random), firstContent });
}

/** Lets nobody through, and tells when to come back. */
export function limiting(retryAfter: number, status = 429): Conditions {
  return () => ({ kind: 'error', after: 200, status, retryAfter });
}

/** Lets so many requests a second through, a second's worth at once, and tells the others to come back later. */
export function limitedTo(rate: number, retryAfter: number): Conditions {
  let tokens = rate;
  let filledAt = 0;
  return (now, random, tenant) => {
    tokens = Math.min(rate, tokens + ((now - filledAt) / 1_000) * rate);
    filledAt = now;
    if (tokens < 1) return limiting(retryAfter)(now, random, tenant);
    tokens--;
    return healthy(now, random, tenant);
  };
}

/** Lets so many requests through in each minute of the clock, and tells the others to come back in the next. */
export function limitedToPerMinute(requests: number): Conditions {
  let minute = -1;
  let left = 0;
  return (now, random, tenant) => {
    const current = Math.floor(now / 60_000);
    if (current !== minute) left = requests;
    minute = current;
    if (left === 0) return limiting(Math.ceil((60_000 - (now % 60_000)) / 1_000) * 1_000)(now, random, tenant);
    left--;
    return healthy(now, random, tenant);
  };
}

/** Other conditions for a stretch of time. */
export function between(start: number, end: number, trouble: Conditions, otherwise: Conditions = healthy): Conditions {
  return (now, random, tenant) => (now >= start && now < end ? trouble : otherwise)(now, random, tenant);
}
