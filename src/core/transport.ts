import type { Observable } from 'rxjs';
import type { RequestContext } from './context.ts';

/** An HTTP request as a provider describes it: plain data. */
export interface HttpRequest {
  readonly url: string;
  /** Default: `POST`. */
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Headers that have to be fetched for each attempt, as an API key from a function. The client merges them before it calls the transport. */
  readonly credentials?: (() => HeaderRecord | PromiseLike<HeaderRecord>) | undefined;
}

type HeaderRecord = Readonly<Record<string, string>>;

/** The head of a response whose body is a stream of messages. */
export interface ResponseHead {
  readonly type: 'head';
  readonly status: number;
  readonly headers: Headers;
}

/** One server-sent message. `event` and `id` are empty where the server sent none. */
export interface SseMessage {
  readonly type: 'message';
  readonly event: string;
  readonly data: string;
  readonly id: string;
  /** What an SDK has parsed already; then `data` is empty. */
  readonly value?: unknown;
  /** Set on a last message that the body ended in the middle of; it may be cut short. */
  readonly unterminated?: true | undefined;
}

/**
 * Makes a request and emits its `head`, then its messages; completes where the body ends.
 *
 * Cold: each subscription is a request, and unsubscribing aborts it. A failure errors with an {@link ErrorResponse} where the
 * provider answered, else with whatever the network raised.
 */
export type Transport = (request: HttpRequest, context: RequestContext) => Observable<ResponseHead | SseMessage>;
