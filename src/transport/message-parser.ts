import { createParser } from 'eventsource-parser';
import { defaults } from '../core/defaults.ts';
import { ErrorResponse } from '../core/error-response.ts';
import type { SseMessage } from '../core/transport.ts';
import type { ExpectedMessages } from '../policies/expected-messages.ts';
import { ExpectedFrames } from './expected-frames.ts';
import { createUtf8Decoder } from './utf8-decoder.ts';

/** How much of what is no server-sent message is kept: some providers write a bare JSON error into the stream. */
const maxStrayText = 4_096;
const minStride = 512;
const lineFeed = 10;

/** Turns bytes into server-sent messages: decoding, line ends and limits around `eventsource-parser`. */
export interface MessageParser {
  /** Parses a slice of the body. */
  feed(bytes: Uint8Array): void;
  /** The body has ended: delivers an unterminated last message too. */
  end(): void;
  /** Lines that were no field of a message, in case they say why the stream stopped. */
  strayText(): string;
}

/**
 * Makes a parser for one response.
 *
 * A code point may be split across chunks, and a CR LF too. CR and CR LF become LF before parsing, because the parser would hold the
 * last message back after a CR, and search quadratically among many. A line, and a message, is bounded. What comes as it is expected
 * never gets as far as the parser.
 *
 * @param expected What a decoder expects; looked at again for each message.
 * @throws ErrorResponse from `feed` when a line is longer than `maxLine` characters.
 */
export function createMessageParser(
  onMessage: (message: SseMessage) => void,
  maxLine: number = defaults.transport.maxLine,
  expected: ExpectedMessages = { current: undefined },
): MessageParser {
  const decoder = createUtf8Decoder();
  let strayText = '';
  let overflowed = false;
  let endsWithCarriageReturn = false;
  let endsInsideLine = false;
  /** Whether nothing has come since the last blank line: what comes next begins a message, and the parser holds nothing. */
  let isBetweenMessages = false;
  /** How much is parsed at once while nothing is expected: little at first, since a few messages are enough to learn from. */
  let stride = minStride;
  let hasEnded = false;

  const parser = createParser({
    maxBufferSize: maxLine,
    onEvent: ({ event = '', data, id = '' }) => {
      onMessage(hasEnded ? { type: 'message', event, data, id, unterminated: true } : { type: 'message', event, data, id });
    },
    onError: ({ type, line = '' }) => {
      if (type === 'max-buffer-size-exceeded') overflowed = true;
      else if (strayText.length < maxStrayText) strayText += `${line.slice(0, maxStrayText)}\n`;
    },
  });
  const frames = new ExpectedFrames(expected);

  const feedText = (text: string): void => {
    if (text === '') return;
    feedMessages(normalizeLineEnds(text));
    if (overflowed) {
      throw new ErrorResponse({
        status: undefined,
        body: undefined,
        headers: undefined,
        reason: `a line of the response is longer than ${maxLine} characters`,
      });
    }
  };

  /** What is expected is found here; the parser gets what stands before, between and behind, cut where messages end. */
  const feedMessages = (text: string): void => {
    let start = 0;
    while (start < text.length && !overflowed) {
      if (isBetweenMessages) {
        const message = frames.messageAt(text, start);
        if (message) {
          start = frames.end;
          onMessage(message);
          continue;
        }
      }
      const end = endOfMessages(text, start);
      feedLines(start === 0 && end === text.length ? text : text.slice(start, end));
      start = end;
    }
  };

  /** Behind the message that begins, or goes on, at `start`; while nothing is expected, behind several. */
  const endOfMessages = (text: string, start: number): number => {
    let from = start;
    if (expected.current) {
      stride = minStride;
    } else {
      if (text.length - start <= stride) return text.length;
      from += stride;
      stride *= 2;
    }
    const blank = text.indexOf('\n\n', from);
    return blank === -1 ? text.length : blank + 2;
  };

  /**
   * The parser joins what it kept of an unfinished line to what it is given, which copies all of it: it gets the rest of the line alone.
   */
  const feedLines = (text: string): void => {
    const lineEnd = endsInsideLine ? text.indexOf('\n') + 1 : 0;
    const { length } = text;
    const endsLine = text.charCodeAt(length - 1) === lineFeed;
    isBetweenMessages = endsLine && (length === 1 ? !endsInsideLine : text.charCodeAt(length - 2) === lineFeed);
    endsInsideLine = !endsLine;
    if (lineEnd > 0 && lineEnd < length) {
      parser.feed(text.slice(0, lineEnd));
      if (!overflowed) parser.feed(text.slice(lineEnd));
    } else {
      parser.feed(text);
    }
  };

  const normalizeLineEnds = (text: string): string => {
    const rest = endsWithCarriageReturn && text.startsWith('\n') ? text.slice(1) : text;
    endsWithCarriageReturn = text.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  };

  return {
    // No getter: an object with one has a hidden class of its own, which keeps the whole stream alive until a full collection.
    strayText: () => strayText,
    feed: (bytes) => feedText(decoder.decode(bytes)),
    end() {
      feedText(decoder.end());
      hasEnded = true;
      feedText('\n\n');
    },
  };
}
