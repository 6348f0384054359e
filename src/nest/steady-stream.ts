import type { ServerResponse } from 'node:http';
import type { MessageEvent, OnModuleDestroy } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { type Client, createSessions, type EventLike, type Sessions } from '../index.ts';
import { parseNestOptions } from './parse-nest-options.ts';
import { createRelayEndpoint, type RelayEndpoint, type RelayEndpointOptions } from './relay-endpoint.ts';
import { type SteadyStreamOptions, steadyStreamSchema } from './steady-stream-options.ts';
import type { NodeRequest, StreamReader } from './stream-reader.ts';
import { type MessageEventsOptions, toMessageEvents } from './to-message-events.ts';

/**
 * A client and its sessions in an application of Nest, as a provider that {@link SteadyStreamModule} brings.
 *
 * When the application closes, answers are let come to their end, until `drainDeadline`; then their readers are sent away, and come back to
 * whoever answers then. That happens in `onModuleDestroy`: before the HTTP server waits for its connections, and before a connection to Redis of
 * a module that this one imports is closed. A signal of the process reaches it after `app.enableShutdownHooks()`.
 *
 * A second one, of another client, is a provider under a token of yours: `{ provide: DRAFTS, useFactory: () => new SteadyStream({ client }) }`.
 *
 * @throws TypeError for an option that is unknown or out of range; the message names it.
 *
 * @example
 * ```ts
 * \@Controller('chat')
 * class ChatController {
 *   constructor(\@Inject(SteadyStream) private readonly streams: SteadyStream) {}
 * }
 * ```
 */
export class SteadyStream<E extends EventLike = never> implements OnModuleDestroy {
  /** Who generates answers. */
  readonly client: Client<E>;
  /** Answers that outlive who asked for them. */
  readonly sessions: Sessions<E>;
  readonly #drainDeadline: number;
  readonly #closing = new AbortController();

  constructor(options: SteadyStreamOptions<E>) {
    const { drainDeadline } = parseNestOptions('SteadyStream', steadyStreamSchema, options);
    this.client = options.client;
    this.sessions = createSessions({ ...options.sessions, client: options.client });
    this.#drainDeadline = drainDeadline;
  }

  /** Aborted when the application closes and its answers have ended: what is still read is to be closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** {@link toMessageEvents}, for a route of `@Sse()`, which ends with the application. */
  toMessageEvents(
    events$: Observable<EventLike>,
    reader: StreamReader,
    options: MessageEventsOptions = {},
  ): Promise<Observable<MessageEvent>> {
    return toMessageEvents(events$, reader, { ...options, signal: this.#closingOr(options.signal, reader.response) });
  }

  /** {@link createRelayEndpoint} over these sessions, which ends with the application. */
  createRelayEndpoint<R extends NodeRequest = NodeRequest>(options: Omit<RelayEndpointOptions<R>, 'sessions'> = {}): RelayEndpoint<R> {
    return createRelayEndpoint<R>({ ...options, signal: this.#closingOr(options.signal), sessions: this.sessions });
  }

  /** Nest calls it. */
  async onModuleDestroy(): Promise<void> {
    await this.sessions.drain({ deadline: this.#drainDeadline });
    this.#closing.abort();
  }

  /** Of which `closing` holds on to nothing once a response is over; with `AbortSignal.any` it would. */
  #closingOr(signal: AbortSignal | undefined, response?: ServerResponse): AbortSignal {
    if (!signal) return this.closing;
    const either = new AbortController();
    const abort = () => either.abort();
    const signals = [this.closing, signal];
    for (const each of signals) each.addEventListener('abort', abort, { once: true });
    response?.once('close', () => {
      for (const each of signals) each.removeEventListener('abort', abort);
    });
    if (signals.some(({ aborted }) => aborted)) abort();
    return either.signal;
  }
}
