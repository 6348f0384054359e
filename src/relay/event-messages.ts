import type { EventLike } from '../core/event.ts';
import { isEndId } from './last-event-id.ts';
import { publicJson } from './public-json.ts';
import { WholeCharacters } from './whole-characters.ts';

/** Writes events as server-sent messages, and knows the cursor that a reader has come to. */
export class EventMessages {
  readonly #characters = new WholeCharacters();
  #lastCursor: string | undefined;
  #endsAtCursor = false;

  get lastCursor(): string | undefined {
    return this.#lastCursor;
  }

  /** Whether the last event had a cursor: what comes after one that had none cannot be asked for. */
  get endsAtCursor(): boolean {
    return this.#endsAtCursor;
  }

  /** An event as text; empty for one that has to wait for the next. */
  of(event: EventLike): string {
    return this.#characters
      .push(event)
      .map((each) => this.#written(each))
      .join('');
  }

  /** What has waited, where nothing follows. */
  rest(): string {
    return this.#characters
      .end()
      .map((each) => this.#written(each))
      .join('');
  }

  /** Leaves out what has waited, where it comes again. */
  forget(): void {
    this.#characters.end();
  }

  #written(event: EventLike): string {
    const { cursor } = event as { readonly cursor?: string | undefined };
    const json = publicJson(event);
    const id = cursor !== undefined && isIdentifier(cursor) ? `id: ${cursor}\n` : '';
    if (id) this.#lastCursor = cursor;
    this.#endsAtCursor = id !== '';
    return `${id}data: ${json}\n\n`;
  }
}

/** Whether a reader can be given it, and will give it back as it is; one that looks like that of an end marker would be the end. */
function isIdentifier(cursor: string): boolean {
  return /^[\x21-\x7e]+$/.test(cursor) && !isEndId(cursor);
}
