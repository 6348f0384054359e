import { Subject, type Subscriber } from 'rxjs';
import { defaults } from '../core/defaults.ts';
import { deliver } from '../core/delivery.ts';
import { ErrorResponse } from '../core/error-response.ts';
import type { StreamEvent } from '../core/event.ts';
import type { ResponseHead, SseMessage } from '../core/transport.ts';
import { decode } from '../operators/decode.ts';
import { ExpectantHead, type ExpectedMessages } from '../policies/expected-messages.ts';
import { parseBody } from '../transport/error-body.ts';
import { createMessageParser, type MessageParser } from '../transport/message-parser.ts';
import type { FetchAttempt } from './fetch-attempt.ts';

/** Who is told what an answer says. */
export interface AnswerListener {
  head(response: Response): void;
  bytes(bytes: Uint8Array): void;
  end(): void;
  fail(error: unknown): void;
}

/** Reads the messages in the bytes; a message that the end of the body cut in two is one that no SDK reads, and is none. */
export function readMessages(subscriber: Subscriber<StreamEvent>, attempt: FetchAttempt, maxLine: number): AnswerListener {
  const { requestId, model, form } = attempt;
  const reader = form.reader as NonNullable<typeof form.reader>;
  const messages$ = new Subject<ResponseHead | SseMessage>();
  const expected: ExpectedMessages = { current: undefined };
  let count = 0;
  let parser: MessageParser;
  const take = (message: SseMessage): void => {
    count++;
    if (!message.unterminated) messages$.next(message);
  };
  // Who follows classifies for himself.
  messages$.pipe(decode(reader, { requestId, model, attempt: attempt.attempt, follow: () => undefined })).subscribe(subscriber);
  return {
    head({ status, headers }) {
      parser = createMessageParser(take, maxLine, expected);
      messages$.next(new ExpectantHead(status, headers, expected));
    },
    bytes(bytes) {
      subscriber.next({ type: 'raw', data: bytes });
      const { slice } = defaults.transport;
      for (let start = 0; start < bytes.byteLength && !subscriber.closed; start += slice) {
        const part = bytes.subarray(start, start + slice);
        deliver(() => parser.feed(part));
      }
    },
    end() {
      parser.end();
      const stray = parseBody(parser.strayText());
      const isWords = stray !== undefined && (typeof stray !== 'string' || count === 0);
      if (isWords) messages$.error(unreadable('the body holds no server-sent message', stray));
      else messages$.complete();
    },
    fail: (error) => messages$.error(error),
  };
}

/** Passes the bytes on, whatever they are. */
export function passOn(subscriber: Subscriber<StreamEvent>, { requestId, provider, model, attempt }: FetchAttempt): AnswerListener {
  const usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0, estimated: true };
  return {
    head: () => subscriber.next({ type: 'start', requestId, attempt, provider, model }),
    bytes: (bytes) => subscriber.next({ type: 'raw', data: bytes }),
    end() {
      subscriber.next({ type: 'finish', requestId, finishReason: 'other', rawFinishReason: '', usage });
      subscriber.complete();
    },
    fail: (error) => subscriber.error(error),
  };
}

/** What is wrong with an answer, in our words. */
export function unreadable(reason: string, body?: unknown): ErrorResponse {
  return new ErrorResponse({ status: undefined, body, headers: undefined, reason });
}
