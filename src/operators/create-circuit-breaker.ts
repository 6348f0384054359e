import { BehaviorSubject, type Observable, Subject } from 'rxjs';
import { defaults } from '../core/defaults.ts';
import type { BreakerState } from '../core/lifecycle.ts';
import { count, parseOptions } from '../core/options.ts';
import { randomId } from '../core/random-id.ts';
import type { Admission } from '../policies/breaker-permit.ts';
import { CircuitBreakerMachine } from '../policies/circuit-breaker.ts';
import {
  type BreakerChange,
  type BreakerSnapshot,
  breakerSchema,
  type CircuitBreakerConfig,
  type StoredBreaker,
} from '../policies/circuit-breaker-config.ts';
import { seededRandom } from '../policies/jitter.ts';
import { monotonicClock } from './clock.ts';

/** A circuit breaker, shared by all the streams that it is given to. */
export interface CircuitBreaker {
  readonly state: BreakerState;
  /** The state now and at every change. */
  readonly state$: Observable<BreakerState>;
  /** Every change, and why. */
  readonly changes$: Observable<BreakerChange>;
  /** Opens it by hand, until `reset()`. */
  isolate(): void;
  /**
   * Opens it by hand for so many milliseconds, `maxOpenFor` at most, and by chance for up to half of `openFor` longer; then it is probed as
   * ever. A longer wait replaces a shorter one, never the reverse. While it is being probed, or isolated, this does nothing.
   */
  trip(openForMs: number): void;
  /** Closes it by hand, and forgets what it has seen. */
  reset(): void;
  /** What it has seen lately. */
  snapshot(): BreakerSnapshot;
  /** What to keep for the next process; see `initial`. */
  toJSON(): StoredBreaker;
  /** Asks for leave to make one request; `circuitBreaker()` does it for a stream. */
  acquire(): Admission;
  /** Milliseconds until a request may be let through; 0 if one would be now. Changes nothing. */
  retryAfter(): number;
}

/**
 * Makes a circuit breaker.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const breaker = createCircuitBreaker({ failureRatio: 0.5, openFor: 5_000 });
 * breaker.state$.subscribe(console.log); // closed
 * ```
 */
export function createCircuitBreaker(config: CircuitBreakerConfig = {}): CircuitBreaker {
  const settings = parseOptions('createCircuitBreaker', breakerSchema, config);
  const changes$ = new Subject<BreakerChange>();
  const seed = randomId();
  let draws = 0;
  const untold: BreakerChange[] = [];
  const machine = new CircuitBreakerMachine(settings, {
    now: monotonicClock(),
    random: config.random ?? (() => seededRandom(`${seed}:${draws++}`)),
    onChange: (change, retryAfterMs) => {
      untold.push(retryAfterMs > 0 ? { ...change, retryAfterMs } : change);
      // A listener may change the state in its turn: the others hear of it after this.
      if (untold.length > 1) return;
      for (let next = untold[0]; next; next = untold[0]) {
        state$.next(next.to);
        changes$.next(next);
        untold.shift();
      }
    },
  });
  const state$ = new BehaviorSubject(machine.state);
  return {
    get state() {
      return machine.state;
    },
    state$: state$.asObservable(),
    changes$: changes$.asObservable(),
    isolate: () => machine.isolate(),
    trip: (openForMs) => machine.trip(openForMs),
    reset: () => machine.reset(),
    snapshot: () => machine.snapshot(),
    toJSON: () => machine.toJSON(),
    acquire: () => machine.acquire(),
    retryAfter: () => machine.retryAfter(),
  };
}

/** A change of one of many breakers. */
export interface KeyedBreakerChange extends BreakerChange {
  readonly provider: string;
  readonly model: string;
}

/** What one of many breakers has seen lately. */
export interface KeyedBreakerSnapshot extends BreakerSnapshot {
  readonly provider: string;
  readonly model: string;
}

/** Breakers by provider and model, made as they are asked for. */
export interface CircuitBreakers {
  /** The breaker of a model, made if there is none. */
  get(provider: string, model: string): CircuitBreaker;
  /** The breaker of a model, if there is one. */
  find(provider: string, model: string): CircuitBreaker | undefined;
  /** What every breaker has seen lately. */
  snapshots(): readonly KeyedBreakerSnapshot[];
  /** Closes every breaker by hand. */
  reset(): void;
  /** Every change of every breaker. */
  readonly changes$: Observable<KeyedBreakerChange>;
}

/** How many breakers a registry keeps, and how each of them is made. */
export interface CircuitBreakersConfig extends CircuitBreakerConfig {
  /** Beyond this many, the least lately used are forgotten, but never one that refuses or is being probed. Default: 1,000. */
  readonly maxKeys?: number | undefined;
}

/** How many breakers are looked at to find room for one: a search through all of them would be the costlier, the more are open. */
const maxLooks = 16;

const registrySchema = breakerSchema.partial().extend({ maxKeys: count(1).default(defaults.breaker.maxKeys) });

/**
 * Makes a registry of circuit breakers, so that one model's outage does not stop another's.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const breakers = createCircuitBreakers({ maxKeys: 100 });
 * createClient({ provider, breakers });
 * ```
 */
export function createCircuitBreakers(config: CircuitBreakersConfig = {}): CircuitBreakers {
  const { maxKeys } = parseOptions('createCircuitBreakers', registrySchema, config);
  const { maxKeys: _, ...each } = config;
  const breakers = new Map<string, CircuitBreaker>();
  const changes$ = new Subject<KeyedBreakerChange>();

  const makeRoom = (): boolean => {
    let looked = 0;
    for (const [key, breaker] of breakers) {
      if (breakers.size < maxKeys || ++looked > maxLooks) break;
      breakers.delete(key);
      // What refuses now, or is being probed, is kept; the next search begins with the others.
      const isForgettable = breaker.state === 'closed' || (breaker.state === 'open' && breaker.retryAfter() === 0);
      if (!isForgettable) breakers.set(key, breaker);
    }
    return breakers.size < maxKeys;
  };

  return {
    changes$: changes$.asObservable(),
    find: (provider, model) => breakers.get(keyOf(provider, model)),
    snapshots: () =>
      [...breakers].map(([key, breaker]) => {
        const [provider = '', model = ''] = key.split('\n');
        return { provider, model, ...breaker.snapshot() };
      }),
    reset() {
      for (const breaker of breakers.values()) breaker.reset();
    },
    get(provider, model) {
      const key = keyOf(provider, model);
      let breaker = breakers.get(key);
      if (breaker) {
        // Last in the map is most recently used.
        breakers.delete(key);
      } else {
        breaker = createCircuitBreaker(each);
        breaker.changes$.subscribe((change) => changes$.next({ ...change, provider, model }));
        // With every place taken by a breaker that refuses, a new one works, but is not remembered.
        if (breakers.size >= maxKeys && !makeRoom()) return breaker;
      }
      breakers.set(key, breaker);
      return breaker;
    },
  };
}

function keyOf(provider: string, model: string): string {
  return `${provider}\n${model}`;
}
