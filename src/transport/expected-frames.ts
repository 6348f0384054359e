import { ExpectedMessage, type ExpectedMessages } from '../policies/expected-messages.ts';
import type { MessageTemplate } from '../policies/message-template.ts';

/**
 * Finds whole messages that are as a decoder expects them, in the text of the stream: a line for the event, one for the data, and a blank
 * one, and nothing else.
 *
 * Only for where a message begins and the parser holds nothing. A message that is written in another way is not found, and is parsed.
 */
export class ExpectedFrames {
  /** Where the last message that was found ended. */
  end = 0;
  readonly #expected: ExpectedMessages;
  #known: ExpectedMessages['current'];
  #before = '';
  #frame: MessageTemplate | undefined;

  constructor(expected: ExpectedMessages) {
    this.#expected = expected;
  }

  messageAt(text: string, start: number): ExpectedMessage | undefined {
    const { current } = this.#expected;
    if (!current) return undefined;
    if (current !== this.#known || !this.#frame) this.#learn(current, text, start);
    const frame = this.#frame as MessageTemplate;
    const found = frame.textAt(text, start);
    if (found === undefined) return undefined;
    this.end = frame.end;
    const data = text.slice(start + this.#before.length, frame.end - 2);
    return new ExpectedMessage(current.event, data, current.template, found);
  }

  /** Some servers leave the space behind the colon out. */
  #learn(current: NonNullable<ExpectedMessages['current']>, text: string, start: number): void {
    const { event, template } = current;
    const spaced = `${event && `event: ${event}\n`}data: `;
    const unspaced = `${event && `event:${event}\n`}data:`;
    // The first of two spaces would belong to the field.
    const isUnspaced = text.startsWith(`${unspaced}{`, start) && !event.startsWith(' ');
    this.#known = current;
    this.#before = isUnspaced ? unspaced : spaced;
    this.#frame = template.within(this.#before, '\n\n');
  }
}
