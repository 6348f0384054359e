import type { ResponseHead, SseMessage } from '../core/transport.ts';
import type { MessageTemplate } from './message-template.ts';

/** Where a decoder leaves word of what the next messages of its response will look like, and the transport's parser looks. */
export interface ExpectedMessages {
  /** What the data of a message is expected to be, with the event that it is expected under; `undefined` for nothing in particular. */
  current: { readonly event: string; readonly template: MessageTemplate } | undefined;
}

/** The head of a response whose parser looks out for what a decoder expects. */
export class ExpectantHead implements ResponseHead {
  readonly type = 'head';
  readonly status: number;
  readonly headers: Headers;
  readonly #expected: ExpectedMessages;

  constructor(status: number, headers: Headers, expected: ExpectedMessages) {
    this.status = status;
    this.headers = headers;
    this.#expected = expected;
  }

  /** Of any head: where to leave word; somewhere that nobody looks, if its transport does not know of it. */
  static expectedBy(head: ResponseHead): ExpectedMessages {
    return head instanceof ExpectantHead ? head.#expected : { current: undefined };
  }
}

/**
 * A message that came as it was expected. A copy, whose data may be another, does not know of it.
 */
export class ExpectedMessage implements SseMessage {
  readonly type = 'message';
  readonly event: string;
  readonly data: string;
  readonly id = '';
  readonly #template: MessageTemplate;
  readonly #text: string;

  constructor(event: string, data: string, template: MessageTemplate, text: string) {
    this.event = event;
    this.data = data;
    this.#template = template;
    this.#text = text;
  }

  /** The text in the hole of the template, if this is the template that the message was found by. */
  textBy(template: MessageTemplate): string | undefined {
    return template === this.#template ? this.#text : undefined;
  }
}
