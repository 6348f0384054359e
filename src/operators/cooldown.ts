import { type MonoTypeOperatorFunction, Observable, Subject } from 'rxjs';
import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import { errorCategories } from '../core/error-category.ts';
import type { StreamEvent } from '../core/event.ts';
import { callback, count, instance, parseOptions } from '../core/options.ts';
import { CooldownMachine } from '../policies/cooldown.ts';
import { classify } from './classify-errors.ts';
import { monotonicClock } from './clock.ts';
import { type ContentConfig, contentTest } from './content.ts';
import { limitExceeded } from './limit-exceeded.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';
import { TurnQueue } from './turn-queue.ts';

/** A gate that all streams of one key wait at while their provider asks them to. */
export interface Cooldown {
  /** Streams that wait. */
  readonly waiting: number;
  /** Milliseconds that a stream which came now would wait; 0 if it would not. */
  waitFor(): number;
  /**
   * Holds everybody back for so many milliseconds, two minutes at most, as a 429 would that somebody else got. A longer wait replaces a
   * shorter one, never the reverse.
   */
  hold(waitMs: number): void;
  /** @internal */
  readonly machine: CooldownMachine;
  /** @internal */
  readonly queue: TurnQueue;
}

/** A provider limits one of many models. */
export interface CooldownLimit {
  readonly provider: string;
  readonly model: string;
  /** For how many milliseconds, as the provider said. */
  readonly waitMs: number;
}

/** Cooldowns by provider and model, made as they are asked for. */
export interface Cooldowns {
  /** The one of a provider and model, made where there is none. */
  get(provider: string, model: string): Cooldown;
  /** Every limit that a stream ran into and whose provider said for how long; not what `hold()` was told. */
  readonly limits$: Observable<CooldownLimit>;
}

/** How many cooldowns a registry keeps. */
export interface CooldownsConfig {
  /** Beyond this many, idle ones are forgotten; one that holds streams back never is. Default: 1,000. */
  readonly maxKeys?: number | undefined;
}

const schema = z.strictObject({ maxKeys: count(1).default(defaults.cooldown.maxKeys) });

/**
 * Makes a registry of cooldowns, to be shared by clients: what one stream learns of a provider's limit, the others obey.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const cooldowns = createCooldowns();
 * createClient({ provider, cooldowns });
 * ```
 */
export function createCooldowns(config: CooldownsConfig = {}): Cooldowns {
  const { maxKeys } = parseOptions('createCooldowns', schema, config);
  const cooldowns = new Map<string, Cooldown>();
  const limits$ = new Subject<CooldownLimit>();
  return {
    limits$: limits$.asObservable(),
    get(provider, model) {
      const key = JSON.stringify([provider, model]);
      const known = cooldowns.get(key);
      if (known) return known;
      for (const [idle, { machine, waiting }] of cooldowns) {
        if (cooldowns.size < maxKeys) break;
        if (machine.isIdle && waiting === 0) cooldowns.delete(idle);
      }
      const made = createCooldown((waitMs) => limits$.next({ provider, model, waitMs }));
      cooldowns.set(key, made);
      return made;
    },
  };
}

function createCooldown(onLimited: (waitMs: number) => void): Cooldown {
  const machine = new CooldownMachine(monotonicClock(), onLimited);
  const queue = new TurnQueue();
  return {
    machine,
    queue,
    get waiting() {
      return queue.length;
    },
    waitFor: () => machine.estimate(queue.length),
    hold: (waitMs) => machine.hold(waitMs),
  };
}

const gateSchema = instance<Cooldown>('waitFor', 'createCooldowns');

const configSchema = z.strictObject({
  remaining: callback<() => number>().optional(),
  isContent: callback<(value: unknown) => boolean>().optional(),
});

/** When waiting is out of the question. */
export interface CooldownConfig<T> extends ContentConfig<T> {
  /** Milliseconds that the stream has left: a place beyond them is refused at once. Default: no limit. */
  readonly remaining?: (() => number) | undefined;
}

/**
 * Waits for its turn while the provider is cooling down, then subscribes to the source; and tells the others what it learns.
 *
 * Emits what the source emits. Fed by what the provider asks for: Retry-After, in headers or in the body, and exhausted rate limits.
 * Waiters leave first in, first out, at a pace that grows by success. A place beyond the deadline, and a full line, are refused at once:
 * `limit-exceeded`, with `retryAfterMs`. A waiter that is unsubscribed leaves at once.
 *
 * @example
 * ```ts
 * const cooldowns = createCooldowns();
 * attempt$.pipe(classifyErrors(), cooldown(cooldowns.get('openai', 'gpt-4o-mini')), retry(backoff()));
 * ```
 *
 * @see [marbles/cooldown.md](../../marbles/cooldown.md)
 */
export function cooldown<T>(gate: Cooldown, config: CooldownConfig<T> = {}): MonoTypeOperatorFunction<T> {
  parseOptions('cooldown', gateSchema, gate);
  parseOptions('cooldown', configSchema, config);
  const isContent = contentTest(config);
  const { machine, queue } = gate;
  return (source) =>
    new Observable((subscriber) => {
      const wait = gate.waitFor();
      if (queue.length >= defaults.cooldown.maxQueue || (wait > 0 && wait >= (config.remaining?.() ?? Number.POSITIVE_INFINITY))) {
        subscriber.error(limitExceeded('the provider is cooling down for longer than there is time', Math.ceil(wait)));
        return;
      }
      let hasContent = false;
      let isSettled = false;
      const settle = (outcome: () => void): void => {
        if (isSettled) return;
        isSettled = true;
        outcome();
        queue.advance();
      };

      const begin = (): void => {
        subscriber.add(() => settle(() => machine.released()));
        source.subscribe(
          new OperatorSubscriber<T>(subscriber, {
            next: (value) => {
              if (!hasContent && isContent(value)) {
                hasContent = true;
                settle(() => machine.succeeded());
              }
              const exhausted = exhaustedFor(value);
              if (exhausted > 0) machine.exhausted(exhausted);
              subscriber.next(value);
            },
            error: (error) => {
              const { category, retryAfterMs } = classify(error);
              const isLimit = category === 'rate-limit' || (errorCategories[category].cooldown && retryAfterMs !== undefined);
              settle(() => (isLimit ? machine.limited(retryAfterMs) : machine.released()));
              subscriber.error(error);
            },
          }),
        );
      };

      subscriber.add(
        queue.join({
          due: () => machine.due(),
          go: () => {
            machine.pass();
            begin();
          },
        }),
      );
    });
}

/**
 * How long until the next request may go, where the response's headers call the limit on requests used up; 0 where they do not. The
 * limit fills evenly, and what they tell is when it will be whole.
 */
function exhaustedFor(value: unknown): number {
  const event = value as Partial<StreamEvent> | null | undefined;
  if (event?.type !== 'rate-limits') return 0;
  const { limits } = event as Extract<StreamEvent, { type: 'rate-limits' }>;
  const used = limits.find(({ kind, remaining }) => kind === 'requests' && remaining === 0);
  return (used?.resetMs ?? 0) / Math.max(1, used?.limit ?? 1);
}
