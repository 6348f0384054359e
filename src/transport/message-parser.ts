import { createParser } from 'eventsource-parser';
import { defaults } from '../core/defaults.ts';
import { ErrorResponse } from '../core/error-response.ts';
import type { SseMessage } from '../core/transport.ts';

/** How much of what is no server-sent message is kept: some providers write a bare JSON error into the stream. */
const maxStrayText = 4_096;

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
 * last message back after a CR, and search quadratically among many. A line, and a message, is bounded.
 *
 * @throws ErrorResponse from `feed` when a line is longer than `maxLine` characters.
 */
export function createMessageParser(onMessage: (message: SseMessage) => void, maxLine: number = defaults.transport.maxLine): MessageParser {
  const decoder = new TextDecoder();
  let strayText = '';
  let overflowed = false;
  let endsWithCarriageReturn = false;
  let endsInsideLine = false;
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

  const feedText = (text: string): void => {
    if (text === '') return;
    feedLines(normalizeLineEnds(text));
    if (overflowed) {
      throw new ErrorResponse({
        status: undefined,
        body: undefined,
        headers: undefined,
        reason: `a line of the response is longer than ${maxLine} characters`,
      });
    }
  };

  /**
   * The parser joins what it kept of an unfinished line to what it is given, which copies all of it: it gets the rest of the line alone.
   */
  const feedLines = (text: string): void => {
    const lineEnd = endsInsideLine ? text.indexOf('\n') + 1 : 0;
    endsInsideLine = !text.endsWith('\n');
    if (lineEnd > 0 && lineEnd < text.length) {
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
    feed: (bytes) => feedText(decoder.decode(bytes, { stream: true })),
    end() {
      feedText(decoder.decode());
      hasEnded = true;
      feedText('\n\n');
    },
  };
}
