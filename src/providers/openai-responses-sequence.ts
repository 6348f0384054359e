import { countOf, isObject, type JsonObject } from '../core/json-value.ts';

/** How far a response has come: its id, and the `sequence_number` of the last event that was read. */
export interface ResponsesCursor {
  readonly responseId: string;
  readonly after: number;
}

/** Reads a cursor, `<response id>/<sequence number>`; `undefined` for any other text. */
export function parseResponsesCursor(cursor: string): ResponsesCursor | undefined {
  const found = /^(.+)\/(\d{1,15})$/s.exec(cursor);
  return found?.[1] === undefined ? undefined : { responseId: found[1], after: Number(found[2]) };
}

/**
 * Follows the numbers of a response's events: drops what comes again, tolerates gaps, and knows the cursor.
 */
export class ResponsesSequence {
  #responseId: string | undefined;
  #isKept = false;
  #last: number | undefined;
  /** A server that numbers every event 0 numbers nothing. */
  #rises = false;

  /** @param from The cursor that the stream was taken up at. Default: it is followed from its beginning. */
  constructor(from?: ResponsesCursor) {
    if (from === undefined) return;
    this.#responseId = from.responseId;
    this.#last = from.after;
    this.#isKept = true;
    this.#rises = true;
  }

  /**
   * The last event, as `<response id>/<sequence number>`; `undefined` while it has no number, and for a response that was not asked for with
   * `background: true`, which OpenAI does not keep.
   */
  get cursor(): string | undefined {
    if (!this.#isKept || this.#responseId === undefined || this.#last === undefined) return undefined;
    return `${this.#responseId}/${this.#last}`;
  }

  /** The id of the response; empty while it is not known. */
  get responseId(): string {
    return this.#responseId ?? '';
  }

  /** Whether an event opens another response than the one that runs. An id that changes later on is a gateway's doing. */
  isAnother(type: string, { response }: JsonObject): boolean {
    if (type !== 'response.created' || this.#responseId === undefined || !isObject(response)) return false;
    return typeof response.id === 'string' && response.id !== '' && response.id !== this.#responseId;
  }

  /** Takes an event. False if it is one that has been read before. */
  take(body: JsonObject): boolean {
    if (this.#responseId === undefined && isObject(body.response)) this.#open(body.response);
    const number = countOf(body.sequence_number);
    const last = this.#last;
    if (number === undefined) return true;
    if (last === undefined) {
      this.#last = number;
      return true;
    }
    if (number <= last) return number === 0 && !this.#rises;
    this.#last = number;
    this.#rises = true;
    return true;
  }

  #open({ id, background }: JsonObject): void {
    if (typeof id !== 'string' || id === '') return;
    this.#responseId = id;
    this.#isKept = background === true;
  }
}
