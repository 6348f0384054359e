import { asyncScheduler, Observable, type Subscriber, timer } from 'rxjs';
import { defaults } from '../core/defaults.ts';
import { ErrorResponse } from '../core/error-response.ts';
import type { StreamEvent } from '../core/event.ts';
import { ProviderError } from '../core/provider-error.ts';
import { networkFailure } from '../policies/network-failure.ts';
import { cancelQuietly } from '../transport/cancel-quietly.ts';
import { isEventStream } from '../transport/content-type.ts';
import { openResponse } from '../transport/open-response.ts';
import { type AnswerListener, passOn, readMessages, unreadable } from './answer-listener.ts';
import { readErrorBytes } from './error-bytes.ts';
import type { FetchAttempt } from './fetch-attempt.ts';
import type { FetchRequest } from './fetch-request.ts';

type Fetch = typeof globalThis.fetch;

/** Given to `abort`, so that no DOMException has to be made for each answer that is left. */
const unsubscribed = 'unsubscribed';

/**
 * Makes a request and emits its answer: `start` for the head, a `raw` event for the bytes of each read, exactly as they came, and behind it what
 * the provider's decoder says of them.
 *
 * Completes behind the provider's own end; of a format that nobody here knows, and of what is no stream, where the body ends. Any status but 2xx,
 * and an error inside the stream, is raised as an {@link ErrorResponse}. Unsubscribing aborts the request. A closed flow gate stops the reading.
 */
export function answerEvents(attempt: FetchAttempt, request: FetchRequest, fetch: Fetch, maxLine: number): Observable<StreamEvent> {
  return new Observable((subscriber) => {
    attempt.begin();
    const exchange = new Exchange(subscriber, attempt, maxLine);
    subscriber.add(() => exchange.abandon());
    exchange.run(request, fetch).catch((error: unknown) => exchange.fail(error));
  });
}

class Exchange {
  readonly #subscriber: Subscriber<StreamEvent>;
  readonly #attempt: FetchAttempt;
  readonly #listener: AnswerListener;
  readonly #controller = new AbortController();
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #hasEnded = false;
  #wake: (() => void) | undefined;

  constructor(subscriber: Subscriber<StreamEvent>, attempt: FetchAttempt, maxLine: number) {
    this.#subscriber = subscriber;
    this.#attempt = attempt;
    this.#listener = attempt.form.kind === 'messages' ? readMessages(subscriber, attempt, maxLine) : passOn(subscriber, attempt);
    const { flow } = attempt.call;
    if (flow) subscriber.add(flow.onReopen(() => this.#wake?.()));
  }

  async run(request: FetchRequest, fetch: Fetch): Promise<void> {
    const { http, form } = this.#attempt;
    const { signal } = this.#controller;
    const send = async (url: string, redirect: RequestRedirect): Promise<Response> => {
      const response = await request.send(fetch, { ...http, url }, signal, redirect);
      this.#attempt.response = response;
      return response;
    };
    const { redirect } = request;
    const response = redirect
      ? await send(http.url, redirect)
      : await openResponse(((url: string) => send(url, 'manual')) as Fetch, http, signal);
    if (this.#subscriber.closed) {
      cancelQuietly(response.body);
      return;
    }
    const { ok, status, headers, body } = response;
    const isForeign = form.kind === 'messages' && !isEventStream(headers.get('content-type'));
    // The caller's own doing: he wants to see redirects, or has asked whether what he keeps is still good.
    const isAskedFor = form.kind === 'whole' && (status === 304 || (redirect === 'manual' && status >= 300 && status < 400));
    if ((!ok && !isAskedFor) || isForeign) {
      const refusal = await readErrorBytes(response, this.#attempt.timeLeft(), (reader) => {
        this.#reader = reader;
      });
      this.#hasEnded = true;
      if (!ok) this.#attempt.refusal = { response, ...refusal };
      const reason = ok ? `the answer is ${headers.get('content-type')} and not an event stream` : undefined;
      throw new ErrorResponse({ status, body: refusal.body, headers, reason });
    }
    this.#listener.head(response);
    if (body) {
      this.#reader = body.getReader();
      await this.#read(this.#reader);
    }
    this.#hasEnded = !this.#subscriber.closed;
    if (this.#hasEnded) this.#listener.end();
  }

  fail(error: unknown): void {
    // An abort that nobody here asked for, since who asks has unsubscribed: a browser that freezes a page does it.
    const isUnasked = networkFailure(error)?.code === 'AbortError';
    const reason = 'the connection was aborted';
    this.#listener.fail(isUnasked ? new ProviderError({ category: 'network', code: 'AbortError', reason, cause: error }) : error);
  }

  /** Ends the exchange; nothing is aborted if the body has ended. */
  abandon(): void {
    this.#wake?.();
    if (this.#hasEnded) return;
    this.#controller.abort(unsubscribed);
    cancelQuietly(this.#reader);
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const subscriber = this.#subscriber;
    const { flow } = this.#attempt.call;
    let busySince = asyncScheduler.now();
    while (!subscriber.closed) {
      const askedAt = asyncScheduler.now();
      const { done, value } = await reader.read();
      if (done || subscriber.closed) return;
      if (!ArrayBuffer.isView(value)) throw unreadable('the body yields something else than bytes');
      const now = asyncScheduler.now();
      // A read that took its time let the others have theirs.
      if (now - askedAt > 1 || now < busySince) busySince = now;
      this.#attempt.keep(value);
      this.#listener.bytes(value);
      while (flow?.open === false && !subscriber.closed) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      // A source that is always ready would keep timers and I/O waiting for ever: promises alone never let them run.
      if (asyncScheduler.now() - busySince > defaults.transport.yieldAfter && !subscriber.closed) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          subscriber.add(timer(0).subscribe(() => resolve()));
        });
        busySince = asyncScheduler.now();
      }
    }
  }
}
