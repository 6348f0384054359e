import type { Checkpoint, StreamPosition } from './checkpoint.ts';
import type { RequestContext } from './context.ts';
import type { ErrorCategory } from './error-category.ts';
import type { EventLike, ProviderEvent } from './event.ts';
import type { StreamRequest } from './request.ts';
import type { HttpRequest, ResponseHead, SseMessage, Transport } from './transport.ts';

/** What a provider's endpoint can do beyond streaming. */
export interface Capabilities {
  /** Whether a broken generation can be taken up again (`Provider.resume`). Default: false. */
  readonly resume?: boolean | undefined;
  /** Whether to resume costs nothing, as of an answer that is kept: then attempts count anew once something has come. Default: false. */
  readonly resumesFreely?: boolean | undefined;
  /**
   * Whether a model goes on from an answer that has begun, the last message of such a request being the assistant's. Default: no model does, and is
   * asked to go on.
   */
  readonly prefill?: ((model: string, request: StreamRequest) => boolean) | undefined;
  /** How many characters of its text make a token, for estimates. Default: 4. */
  readonly charactersPerToken?: number | undefined;
}

/** Where a client has other defaults for a provider than for all others. What its configuration says counts more. */
export interface ProviderDefaults {
  readonly maxRequests?: number | undefined;
  readonly retry?: { readonly maxAttempts?: number | undefined; readonly maxDelay?: number | undefined } | undefined;
  /** `Infinity` is no deadline. */
  readonly timeout?:
    | {
        readonly headers?: number | undefined;
        readonly firstContent?: number | undefined;
        readonly idle?: number | undefined;
        readonly total?: number | undefined;
      }
    | undefined;
  /** Whether its failures open a breaker. Default: true. */
  readonly breaks?: boolean | undefined;
}

/**
 * Turns the messages of one attempt into events.
 *
 * Yield `finish` when the provider's own sign of the end has come: the stream completes there, and what follows is dropped. An error
 * inside the stream is thrown as an {@link ErrorResponse}.
 */
export interface Decoder<E extends EventLike = never> {
  /** How far the answer has come in the provider's own numbering; for {@link Provider.resume}. `undefined` where it has none. */
  readonly cursor?: string | undefined;
  /** What the head alone tells (rate limits). */
  begin?(): Iterable<ProviderEvent | E>;
  /** What a message says; what is not known says nothing. */
  decode(message: SseMessage): Iterable<ProviderEvent | E>;
  /** The body has ended cleanly: `finish` if that is an honest end for this provider, else nothing, and the stream is `interrupted`. */
  end?(): Iterable<ProviderEvent | E>;
}

/** What is known of a failure that the provider told us. */
export interface ErrorFacts {
  /** The HTTP status; `undefined` for an error inside a stream. */
  readonly status: number | undefined;
  /** The body: parsed where it is JSON, else its text. */
  readonly body: unknown;
  readonly headers: Headers | undefined;
  /** The library's own words on what was wrong with the response, if that is not the status. */
  readonly reason?: string | undefined;
  /** Values that must not appear in the error. */
  readonly secrets?: readonly string[] | undefined;
}

/** What a provider reads out of a failure. Every member may be missing. */
export interface ErrorDescription {
  /** Of the provider's specific code or type: counts more than the status, within the same hundred. */
  readonly category?: ErrorCategory | undefined;
  /** Of its generic type: counts where there is no status. */
  readonly genericCategory?: ErrorCategory | undefined;
  readonly retryable?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly code?: string | undefined;
  /** The provider's words, raw; sanitized where they enter an error. */
  readonly detail?: string | undefined;
  readonly providerRequestId?: string | undefined;
}

/**
 * One wire format, as pure functions: request to HTTP request, messages to events, failure to description. It does no I/O and arms no timer.
 *
 * `E` are events of its own beside {@link StreamEvent}; they flow through the client with their types.
 */
export interface Provider<E extends EventLike = never> {
  /** The provider's name, for events, errors and the key of what is shared: two endpoints that fail apart need two names. */
  readonly name: string;
  readonly capabilities?: Capabilities | undefined;
  /** Of a client whose first provider it is. */
  readonly defaults?: ProviderDefaults | undefined;
  /** The HTTP request for a request: the same twice, of plain data. Throws `invalid-request` for what the format cannot express. */
  request(request: StreamRequest, context: RequestContext): HttpRequest;
  /**
   * One for each attempt.
   *
   * @param from The cursor of the checkpoint, where the answer to {@link Provider.resume} is read.
   */
  decoder(head: ResponseHead, from?: string): Decoder<E>;
  /** What a failure is, in the provider's own words; `undefined` where the status says it all. Never throws. */
  describeError?(facts: ErrorFacts): ErrorDescription | undefined;
  /** Asks for the rest of a generation, from the cursor of a checkpoint on. Called only where `capabilities.resume` is true. */
  resume?(checkpoint: Checkpoint, context: RequestContext): HttpRequest;
  /** Ends a generation that the provider goes on with though nobody reads it. Called where there is a cursor, and only to end it for good. */
  cancelRequest?(position: StreamPosition, context: RequestContext): HttpRequest;
  /** Default: the client's, else `fetchTransport()`. */
  readonly transport?: Transport | undefined;
}
