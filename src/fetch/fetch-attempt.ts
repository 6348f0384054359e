import type { Call } from '../call.ts';
import { defaults } from '../core/defaults.ts';
import { ErrorResponse } from '../core/error-response.ts';
import { isContentEvent, type StreamEvent } from '../core/event.ts';
import type { ProviderError } from '../core/provider-error.ts';
import { secretsOf } from '../core/sanitize.ts';
import type { HttpRequest, ResponseHead } from '../core/transport.ts';
import type { StreamTimeoutConfig } from '../operators/stream-timeout.ts';
import type { AnswerForm } from './answer-form.ts';
import { isJsonType } from './response-head.ts';

/** What came of an answer that is an error, and is handed on as one. */
export interface ErrorAnswer {
  readonly response: Response;
  readonly bytes: readonly Uint8Array[];
  /** Whether these bytes are all that it is; else its reader must not take them for a whole answer. */
  readonly isWhole: boolean;
}

/** One attempt of a call: its number, its answer, and what of it was kept back so far. */
export class FetchAttempt {
  readonly call: Call;
  readonly form: AnswerForm;
  readonly http: HttpRequest;
  /** From 1 once it has begun; one that is refused on this side never begins. */
  attempt = 0;
  /** Its head, once it came. */
  response: Response | undefined;
  /** By the status: what the server said instead of an answer. */
  refusal: ErrorAnswer | undefined;
  /** What of an error inside the stream could be handed on. */
  #bytes: Uint8Array[] | undefined = [];
  #size = 0;
  /** On the call's clock. */
  #begunAt = 0;
  readonly #deadlines: StreamTimeoutConfig;

  constructor(call: Call, form: AnswerForm, http: HttpRequest, deadlines: StreamTimeoutConfig) {
    this.call = call;
    this.form = form;
    this.http = http;
    this.#deadlines = deadlines;
  }

  get head(): ResponseHead | undefined {
    return this.response && { type: 'head', status: this.response.status, headers: this.response.headers };
  }

  get requestId(): string {
    return this.call.requestId;
  }

  get provider(): string {
    return this.form.provider;
  }

  get model(): string {
    return this.form.model;
  }

  /** Milliseconds until a deadline would hide what the server said. */
  timeLeft(): number {
    const { headers = Number.POSITIVE_INFINITY, firstContent = Number.POSITIVE_INFINITY } = this.#deadlines;
    return Math.min(Math.min(headers, firstContent) - (this.call.elapsed() - this.#begunAt), this.call.remaining());
  }

  begin(): void {
    this.#begunAt = this.call.elapsed();
    this.attempt = ++this.call.requests;
    this.call.target = this;
    this.call.report?.({ type: 'attempt' });
  }

  secrets(): readonly string[] {
    return secretsOf(this.http.url, this.http.headers);
  }

  /** Bytes have come. Until the first content they are kept, within limits. */
  keep(bytes: Uint8Array): void {
    this.#size += bytes.byteLength;
    this.#bytes?.push(bytes);
    if (this.isFull) this.#bytes = undefined;
  }

  /** Whether so much came without content that it cannot be kept back any longer. */
  get isFull(): boolean {
    return this.#size > defaults.ring.maxBytes;
  }

  /** Whether an event is what the caller waits for: content; of a file, its head; of JSON, nothing but its end. */
  isContent(event: StreamEvent): boolean {
    const { kind } = this.form;
    if (kind === 'messages') return isContentEvent(event);
    return kind === 'bytes' ? event.type === 'raw' : event.type === 'start' && !isJsonType(this.response);
  }

  /** Whether nothing can be kept back after this event. */
  commits(event: StreamEvent): boolean {
    const isCommitted = this.isFull || this.isContent(event);
    if (isCommitted) this.#bytes = undefined;
    return isCommitted;
  }

  /** Whether an event shows that the answer goes on. */
  isLife(event: StreamEvent): boolean {
    return this.form.kind === 'messages' ? isContentEvent(event) : event.type === 'raw';
  }

  /** The words of the provider itself, if the call failed by them: for who reads them better than we do. */
  answerTo(error: ProviderError): ErrorAnswer | undefined {
    if (!(error.cause instanceof ErrorResponse)) return undefined;
    const { response } = this;
    // A redirect that is not followed has no body to speak of.
    if (response && !response.ok) return this.refusal ?? { response, bytes: [], isWhole: true };
    // An error that the decoder found in a message; what we found wrong has a reason of ours, and no words.
    const { body, reason, headers } = error.cause.facts;
    const isReported = body !== undefined && reason === undefined && headers !== undefined;
    return isReported && response && this.#bytes ? { response, bytes: this.#bytes, isWhole: false } : undefined;
  }
}
