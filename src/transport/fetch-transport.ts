import { asyncScheduler, Observable, type Subscriber, timer } from 'rxjs';
import * as z from 'zod';
import type { RequestContext } from '../core/context.ts';
import { defaults } from '../core/defaults.ts';
import { deliver } from '../core/delivery.ts';
import { ErrorResponse } from '../core/error-response.ts';
import type { FlowGate } from '../core/flow-gate.ts';
import { callback, count, parseOptions } from '../core/options.ts';
import { ProviderError } from '../core/provider-error.ts';
import { secretsOf } from '../core/sanitize.ts';
import type { HttpRequest, ResponseHead, SseMessage, Transport } from '../core/transport.ts';
import { ExpectantHead, type ExpectedMessages } from '../policies/expected-messages.ts';
import { networkFailure } from '../policies/network-failure.ts';
import { RingBuffer } from '../policies/ring-buffer.ts';
import { cancelQuietly } from './cancel-quietly.ts';
import { isEventStream } from './content-type.ts';
import { parseBody, readErrorBody } from './error-body.ts';
import { createMessageParser } from './message-parser.ts';
import { openResponse } from './open-response.ts';

/** How `fetchTransport` makes requests. */
export interface FetchTransportOptions {
  /** Default: `globalThis.fetch`, looked up at each request. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How much of a line is kept that comes in pieces, in characters; more is an error, `protocol`. Models that answer with images need more. Default: 1,048,576. */
  readonly maxLine?: number | undefined;
}

const schema = z.strictObject({
  fetch: callback<typeof globalThis.fetch>().optional(),
  maxLine: count(1).default(defaults.transport.maxLine),
});

/** Bytes that are worth delivering as one. */
const minDelivery = 1_024;

/** Given to `abort`, so that no DOMException has to be made for each stream that is left. */
const unsubscribed = 'unsubscribed';

/**
 * The transport over `fetch`, for Node and browsers.
 *
 * Emits the `head`, then server-sent messages; completes where the body ends. Unsubscribing aborts the request and cancels the reader.
 * Any status but 2xx, and a body that is no event stream, is raised as an {@link ErrorResponse} with what the body says. A closed flow
 * gate stops the reading, and so, by TCP, the server.
 *
 * @throws TypeError for an option that is unknown or no function.
 *
 * @example
 * ```ts
 * createClient({ provider, transport: fetchTransport({ fetch: fetchThroughProxy }) });
 * ```
 */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  const { fetch, maxLine } = parseOptions('fetchTransport', schema, options);
  return (request, context) =>
    new Observable((subscriber) => {
      const exchange = new Exchange(subscriber, context, maxLine);
      subscriber.add(() => exchange.abandon());
      exchange.run(fetch ?? globalThis.fetch, request).catch((error: unknown) => subscriber.error(unasked(error)));
    });
}

/** One request and its response. */
class Exchange {
  readonly #subscriber: Subscriber<ResponseHead | SseMessage>;
  readonly #context: RequestContext;
  readonly #maxLine: number;
  readonly #flow: FlowGate | undefined;
  readonly #controller = new AbortController();
  /** What waits behind a closed gate; made when something does. */
  #queue: RingBuffer<SseMessage> | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** What the decoder is waiting for; it learns of this from the head. */
  readonly #expected: ExpectedMessages = { current: undefined };
  #hasEnded = false;
  #wake: (() => void) | undefined;
  #busySince = asyncScheduler.now();

  constructor(subscriber: Subscriber<ResponseHead | SseMessage>, context: RequestContext, maxLine: number) {
    const { flow } = context;
    this.#maxLine = maxLine;
    this.#subscriber = subscriber;
    this.#context = context;
    this.#flow = flow;
    if (!flow) return;
    flow.taken = true;
    subscriber.add(flow.onReopen(() => this.#wake?.()));
  }

  async run(fetch: typeof globalThis.fetch, request: HttpRequest): Promise<void> {
    const response = await openResponse(fetch, request, this.#controller.signal);
    if (this.#subscriber.closed) {
      cancelQuietly(response.body);
      return;
    }
    const { status, headers } = response;
    const contentType = headers.get('content-type');
    if (!response.ok || !isEventStream(contentType)) {
      const body = await readErrorBody(response, this.#context.timeLeft?.() ?? Number.POSITIVE_INFINITY, (reader) => {
        this.#reader = reader;
      });
      this.#hasEnded = true;
      const reason = response.ok ? `the answer is ${contentType} and not an event stream` : undefined;
      throw new ErrorResponse({ status, body, headers, reason, secrets: secretsOf(request.url, request.headers) });
    }
    this.#subscriber.next(new ExpectantHead(status, headers, this.#expected));
    if (!response.body) throw new ErrorResponse({ status, body: undefined, headers, reason: 'the answer has no body' });
    this.#reader = response.body.getReader();
    await this.#read(this.#reader, request);
  }

  /** Ends the exchange; nothing is aborted if the body has ended. Whatever the cancelled reader says comes too late to matter. */
  abandon(): void {
    this.#wake?.();
    if (this.#hasEnded) return;
    this.#controller.abort(unsubscribed);
    cancelQuietly(this.#reader);
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>, request: HttpRequest): Promise<void> {
    const subscriber = this.#subscriber;
    let messages = 0;
    const take = (message: SseMessage): void => {
      messages++;
      // The parser cannot stop in the middle of a slice: what it finds behind a closed gate waits here.
      if (this.#flow?.open === false || this.#isWaiting) this.#wait(message);
      else subscriber.next(message);
    };
    const { slice } = defaults.transport;
    const parser = createMessageParser(take, this.#maxLine, this.#expected);
    let askedAt = asyncScheduler.now();
    while (!subscriber.closed) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!ArrayBuffer.isView(value))
        throw new ErrorResponse({
          status: undefined,
          body: undefined,
          headers: undefined,
          reason: 'the body yields something else than bytes',
        });
      const arrivedAt = asyncScheduler.now();
      // A read that took its time let the others have theirs.
      if (arrivedAt - askedAt > 1 || arrivedAt < this.#busySince) this.#busySince = arrivedAt;
      for (let start = 0; start < value.byteLength && !subscriber.closed; start += slice) {
        const bytes = bytesOf(value, start, slice);
        // Most reads of a slow answer are of one message, behind which there is nothing to put off.
        if (bytes.byteLength < minDelivery) parser.feed(bytes);
        else deliver(() => parser.feed(bytes));
        if (this.#flow?.open === false || this.#isWaiting) await this.#drain();
        askedAt = asyncScheduler.now();
        if (askedAt - this.#busySince > defaults.transport.yieldAfter) {
          await this.#yield();
          askedAt = this.#busySince;
        }
      }
    }
    this.#hasEnded = !subscriber.closed;
    parser.end();
    await this.#drain();
    if (!subscriber.closed) complain(parser.strayText(), messages, request);
    subscriber.complete();
  }

  get #isWaiting(): boolean {
    return this.#queue !== undefined && this.#queue.length > 0;
  }

  #wait(message: SseMessage): void {
    this.#queue ??= new RingBuffer({ maxItems: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
    this.#queue.push(message);
  }

  /** Delivers what waits, as the gate allows it. */
  async #drain(): Promise<void> {
    while (!this.#subscriber.closed) {
      if (this.#flow?.open === false) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else {
        const message = this.#queue?.shift();
        if (!message) return;
        this.#subscriber.next(message);
      }
    }
  }

  /** A source that is always ready would keep timers and I/O waiting for ever: promises alone never let them run. */
  async #yield(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#subscriber.add(timer(0).subscribe(() => resolve()));
    });
    this.#busySince = asyncScheduler.now();
  }
}

/** A part of what was read, of whatever kind of view it is. */
function bytesOf(view: ArrayBufferView, start: number, length: number): Uint8Array {
  if (view instanceof Uint8Array && view.byteLength <= length) return view;
  return new Uint8Array(view.buffer, view.byteOffset + start, Math.min(length, view.byteLength - start));
}

/**
 * An abort that nobody here asked for, since who asks has unsubscribed and hears nothing more: a browser that freezes a page does it.
 * To the stream it is a lost connection.
 */
function unasked(error: unknown): unknown {
  if (networkFailure(error)?.code !== 'AbortError') return error;
  return new ProviderError({ category: 'network', code: 'AbortError', reason: 'the connection was aborted', cause: error });
}

/** A body that holds something else than messages has a reason to end here. */
function complain(strayText: string, messages: number, request: HttpRequest): void {
  const body = parseBody(strayText);
  if (body === undefined || (typeof body === 'string' && messages > 0)) return;
  const reason = messages > 0 ? undefined : 'the body holds no server-sent message';
  const secrets = secretsOf(request.url, request.headers);
  throw new ErrorResponse({ status: undefined, body, headers: undefined, reason, secrets });
}
