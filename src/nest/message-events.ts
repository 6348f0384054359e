import type { MessageEvent } from '@nestjs/common';

/**
 * Turns the body of an event stream into messages of Nest, of which each says an id: to one that says none, Nest gives 1, 2, 3.
 *
 * An empty id is none for a client of ours, which counts what cannot be asked for; a comment and an error leave a reader where it was.
 */
export class MessageEvents {
  readonly #decoder = new TextDecoder();
  #lastId: string;

  /** @param after The id of the last event that the reader has. */
  constructor(after = '') {
    // An address may hold anything; a line of its own would be a message of its own.
    this.#lastId = /^[\x20-\x7e]*$/.test(after) ? after : '';
  }

  /** @param bytes Whole messages; a body is read in no other pieces. */
  read(bytes: Uint8Array): MessageEvent[] {
    return this.#decoder
      .decode(bytes)
      .split('\n\n')
      .filter(Boolean)
      .map((block) => this.#messageOf(block));
  }

  #messageOf(block: string): MessageEvent {
    const message: MessageEvent = {};
    for (const line of block.split('\n')) {
      const value = line.slice(line.indexOf(':') + 1).trimStart();
      if (line.startsWith('data:')) message.data = value;
      else if (line.startsWith('retry:')) message.retry = Number(value);
      else if (line.startsWith('id:')) this.#lastId = message.id = value;
      else message.comment = value;
    }
    message.id ??= typeof message.data === 'string' && !message.data.startsWith('{"type":"error"') ? '' : this.#lastId;
    return message;
  }
}
