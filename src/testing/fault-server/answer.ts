import type { AnswerContent, WireFormat } from './content.ts';
import type { RecordedRequest } from './recorded-request.ts';
import type { ErrorContent } from './wires.ts';

/** Bytes of an answer. A string is sent as UTF-8. */
export type Bytes = string | Uint8Array;

/**
 * The place in an answer where `fault` happens.
 *
 * - `'request'`: before a byte of the answer; what is sent here is sent bare, before any HTTP
 * - `'headers'`: after the headers
 * - a number: after so many deltas (0: after the opening messages; of a `body` or `raw` answer, bytes). At the latest after all of them
 * - `'deltas'`: after all deltas, before the finish reason
 * - `'finish-reason'`: after the message with the finish reason, before OpenAI's usage and the end marker
 * - `'end'`: after the end marker (`[DONE]`, `message_stop`), or after the whole body
 */
export type Place = 'request' | 'headers' | number | 'deltas' | 'finish-reason' | 'end';

/**
 * What goes wrong. Several steps are taken one after the other.
 *
 * These end the answer:
 * - `'end'`: the body ends cleanly and the connection may be reused (at `'request'`: the connection is closed without an answer)
 * - `'truncate'`: the connection is closed in the middle of the body: no last chunk, or fewer bytes than `content-length`
 * - `'reset'`: the connection is reset (RST)
 * - `'stall'`: silence on an open connection, until the client closes it; with `heartbeat`, sign of life without content
 * - `'endless-status-line'`, `'endless-headers'` (both at `'request'`), `'endless-line'`: a line without an end, headers without an end,
 *   a data line without an end, at `bytesPerSecond`, until the client closes the connection or `maxBytes` are sent; then it is reset
 * - `{ endless }`: the same with bytes of your own, repeated
 * - `'error-event'`, `{ error }`: an error inside the stream. When it is the last step, the body ends after it
 *
 * After these the answer goes on:
 * - `'malformed'`: a data line with broken JSON
 * - `{ send }`: any bytes
 * - `{ wait }`: so many milliseconds, or until the promise settles, so that a test can hold the answer in its hand
 */
export type Step =
  | 'end'
  | 'truncate'
  | 'reset'
  | 'stall'
  | 'endless-status-line'
  | 'endless-headers'
  | 'endless-line'
  | 'error-event'
  | 'malformed'
  | { readonly endless: Bytes }
  | { readonly error: ErrorContent }
  | { readonly send: Bytes | readonly Bytes[] }
  | { readonly wait: number | PromiseLike<unknown> };

/** How the bytes of a body are cut into writes, and with chunked encoding into chunks, whatever they mean. */
export type Split =
  /** One write a message. */
  | 'message'
  /** Every byte a write of its own. */
  | 'byte'
  /** So many bytes a write. */
  | number
  /** Cut at these offsets of the body, and nowhere else until a fault or the end. */
  | readonly number[];

/** What every answer can have. */
export interface AnswerOptions {
  /** Where `fault` happens. Default: `'deltas'`, and of a `body` or `raw` answer `'end'`. */
  readonly after?: Place | undefined;
  /** What goes wrong there. Default: nothing. */
  readonly fault?: Step | readonly Step[] | undefined;
  /** Default `'message'`. */
  readonly split?: Split | undefined;
  /** The speed of endless things. Default 65,536. */
  readonly bytesPerSecond?: number | undefined;
  /** Where endless things end after all. Default 256 MiB. */
  readonly maxBytes?: number | undefined;
  /** Default: by the path of the request; Chat Completions where it tells nothing. */
  readonly wire?: WireFormat | undefined;
}

/** What every answer in HTTP can have. */
export interface HttpAnswerOptions extends AnswerOptions {
  /** Default 200. */
  readonly status?: number | undefined;
  /** Over the defaults: `content-type`, and a request id as the provider names it. `null` leaves a default out. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | number | null>> | undefined;
  /** Milliseconds before the headers. */
  readonly headersDelay?: number | undefined;
  /** Milliseconds between one byte of the headers and the next. The answer then has no chunks, and its connection is closed at its end. */
  readonly headersDrip?: number | undefined;
}

/** An answer in server-sent messages: a good one, until `fault`. */
export interface StreamAnswer extends HttpAnswerOptions, AnswerContent {
  /** Messages of your own in place of the content. Each counts as a delta. See `openaiChunks()`, `responsesEvents()`, `anthropicEvents()` and `geminiChunks()`. */
  readonly events?: Iterable<string> | undefined;
  /** Milliseconds before each delta. */
  readonly tokenDelay?: number | undefined;
  /**
   * While the answer waits or stalls after its headers, a sign of life every so many milliseconds: a comment for OpenAI, a `ping` for
   * Anthropic, or `send`.
   */
  readonly heartbeat?: number | { readonly every: number; readonly send: string } | undefined;
  /** Sent after each message: comments, blank lines, unknown events. */
  readonly between?: string | undefined;
  /** How lines end. `mixed` takes them in turn. Default `'\n'`. */
  readonly lineEnding?: '\n' | '\r\n' | '\r' | 'mixed' | undefined;
  /** The body begins with U+FEFF. */
  readonly byteOrderMark?: boolean | undefined;
  /** The last message lacks its line endings. Those of each message are sent with the next one. */
  readonly unterminated?: boolean | undefined;
}

/** Any other HTTP answer: error bodies, pages, redirects, nothing. */
export interface BodyAnswer extends HttpAnswerOptions {
  /**
   * An object or array is sent as JSON. Its type is `application/json`, of a string `text/html` if it begins with `<`, else `text/plain`,
   * of bytes `application/octet-stream`, of an empty body none.
   */
  readonly body?: Bytes | object | undefined;
}

/** Bare bytes in place of an HTTP answer. The connection is closed after them, or as `fault` says. */
export interface RawAnswer extends AnswerOptions {
  readonly raw: Bytes | Iterable<Bytes>;
}

/** What is said to one request: {@link StreamAnswer}, {@link BodyAnswer} (has `body`, or a `status` and no content) or {@link RawAnswer}. */
export type Answer = StreamAnswer | BodyAnswer | RawAnswer;

/** Chooses the answer to a request; `index` counts the requests since this script was set, from 0. */
export type ChooseAnswer = (request: RecordedRequest, index: number) => Answer | Promise<Answer>;

/** A list: the n-th request gets the n-th answer. One answer: every request gets it. A function: it chooses. */
export type Script = readonly Answer[] | Answer | ChooseAnswer;
