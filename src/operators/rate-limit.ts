import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import * as z from 'zod';
import { count, instance, limit, parseOptions } from '../core/options.ts';
import { RateLimiterMachine } from '../policies/rate-limiter.ts';
import { monotonicClock } from './clock.ts';
import { limitExceeded } from './limit-exceeded.ts';
import { OperatorSubscriber } from './operator-subscriber.ts';
import { TurnQueue } from './turn-queue.ts';

/** What a minute allows; one that is left out is not limited. */
export interface RateLimiterConfig {
  readonly requestsPerMinute?: number | undefined;
  /** Estimated tokens, input and output. */
  readonly tokensPerMinute?: number | undefined;
  /** Streams that wait, first in, first out; one more is refused. Default: 1,000. */
  readonly maxQueue?: number | undefined;
}

/** A limit of ours on the rate of requests, shared by all streams that it is given to. */
export interface RateLimiter {
  /** Streams that wait. */
  readonly waiting: number;
  /** @internal Waits in the line; a reason if that is out of the question. */
  readonly enter: (tokens: number, go: () => void) => (() => void) | string;
}

const schema = z.strictObject({
  requestsPerMinute: limit(1).default(Number.POSITIVE_INFINITY),
  tokensPerMinute: limit(1).default(Number.POSITIVE_INFINITY),
  maxQueue: limit(0).default(1_000),
});

/**
 * Makes a rate limiter: two token buckets, for requests and for estimated tokens, that fill over a minute.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const limiter = createRateLimiter({ requestsPerMinute: 500, tokensPerMinute: 200_000 });
 * answer$.pipe(rateLimit(limiter, { tokens: 1_200 }));
 * ```
 */
export function createRateLimiter(config: RateLimiterConfig = {}): RateLimiter {
  const { requestsPerMinute, tokensPerMinute, maxQueue } = parseOptions('createRateLimiter', schema, config);
  const machine = new RateLimiterMachine({ requestsPerMinute, tokensPerMinute }, monotonicClock());
  const queue = new TurnQueue();

  return {
    get waiting() {
      return queue.length;
    },
    enter(tokens, go) {
      if (!machine.canEver(tokens)) return `the request needs ${tokens} tokens, and a minute allows ${tokensPerMinute}`;
      const mustWait = queue.length > 0 || machine.due(tokens) > 0;
      if (mustWait && queue.length >= maxQueue) return 'the line of the rate limiter is full';
      return queue.join({
        due: () => machine.due(tokens),
        go: () => {
          machine.pass(tokens);
          go();
        },
      });
    },
  };
}

/** What a stream costs of the limit. */
export interface RateLimitConfig {
  /** Estimated tokens. Default: 0. */
  readonly tokens?: number | undefined;
}

const limiterSchema = instance<RateLimiter>('enter', 'createRateLimiter');

const costSchema = z.strictObject({ tokens: count(0).default(0) });

/**
 * Waits until the limiter allows one more request, then subscribes to the source.
 *
 * Emits what the source emits. With a full line, or more tokens than a minute ever allows, it raises `limit-exceeded`. A waiter that is
 * unsubscribed leaves at once.
 *
 * @see [marbles/rate-limit.md](../../marbles/rate-limit.md)
 */
export function rateLimit<T>(limiter: RateLimiter, config: RateLimitConfig = {}): MonoTypeOperatorFunction<T> {
  parseOptions('rateLimit', limiterSchema, limiter);
  const { tokens } = parseOptions('rateLimit', costSchema, config);
  return (source) =>
    new Observable((subscriber) => {
      const leave = limiter.enter(tokens, () => {
        source.subscribe(new OperatorSubscriber<T>(subscriber, {}));
      });
      if (typeof leave === 'string') subscriber.error(limitExceeded(leave));
      else subscriber.add(leave);
    });
}
