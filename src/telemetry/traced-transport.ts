import { type Context, context, propagation } from '@opentelemetry/api';
import { Observable, Subscriber } from 'rxjs';
import * as z from 'zod';
import type { HttpRequest, Transport } from '../index.ts';
import type { Guard } from './guard.ts';
import { flag, parseTelemetryOptions } from './parse-telemetry-options.ts';

/** What a provider is told of a trace. */
export interface PropagationOptions {
  /**
   * Whether the provider is sent what the propagator of OpenTelemetry writes: `traceparent`, and baggage where there is some. Default: false.
   */
  readonly propagate?: boolean | undefined;
}

const schema = z.strictObject({ propagate: flag.default(false) });

/** @throws TypeError that names the option which is wrong. */
export function parsePropagationOptions(options: PropagationOptions): z.output<typeof schema> {
  return parseTelemetryOptions('transport', schema, options);
}

/** How requests are traced. */
interface TracedRequests {
  readonly propagate: boolean;
  readonly guard: Guard;
  /** What is to be active while an attempt's request is made; `undefined` where nothing is known of its call. */
  readonly contextOf: (callId: string | undefined, attempt: number) => Context | undefined;
}

/** Makes each request with the span of its call active. Whoever is given the response is in the context that he was in before. */
export function tracedTransport(transport: Transport, { propagate, guard, contextOf }: TracedRequests): Transport {
  /** Does something, once, with a context active if that can be had. */
  const within = <T>(active: Context, action: () => T): T => {
    let outcome: { readonly value: T } | { readonly thrown: unknown } | undefined;
    const act = (): void => {
      try {
        outcome = { value: action() };
      } catch (thrown) {
        outcome = { thrown };
      }
    };
    guard.run(() => {
      context.with(active, act);
    });
    if (!outcome) act();
    const done = outcome as unknown as { readonly value: T } | { readonly thrown: unknown };
    if ('thrown' in done) throw done.thrown;
    return done.value;
  };

  const withHeaders = (request: HttpRequest, active: Context): HttpRequest => {
    const headers: Record<string, string> = {};
    guard.run(() => propagation.inject(active, headers));
    return { ...request, headers: { ...headers, ...request.headers } };
  };

  return (request, attempt) => {
    const active = guard.run(() => contextOf(attempt.callId, attempt.attempt));
    if (!active) return transport(request, attempt);
    const traced = propagate ? withHeaders(request, active) : request;
    return new Observable((subscriber) => {
      const outside = guard.run(() => context.active()) ?? active;
      const upstream = new Subscriber({
        next: (value) => within(outside, () => subscriber.next(value as never)),
        error: (error: unknown) => within(outside, () => subscriber.error(error)),
        complete: () => within(outside, () => subscriber.complete()),
      });
      subscriber.add(upstream);
      within(active, () => transport(traced, attempt).subscribe(upstream as never));
    });
  };
}
