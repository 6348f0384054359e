import type { ProviderEvent } from '../core/event.ts';
import { isObject, type JsonObject } from '../core/json-value.ts';
import type { ResponseHead, SseMessage } from '../core/transport.ts';
import { ExpectantHead, ExpectedMessage, type ExpectedMessages } from '../policies/expected-messages.ts';
import { MessageTemplate } from '../policies/message-template.ts';
import { type MemberPath, splitAtHoles } from './template-holes.ts';

/** The events that a template can stand for. */
export type TextEvent = Extract<ProviderEvent, { readonly type: 'text-delta' | 'reasoning-delta' }>;

/**
 * What a decoder reads of a message: `true` for a member of which it may read all; else the members of the object, or of each object of the
 * array, that it reads of it.
 */
export interface ReadMembers {
  readonly [name: string]: true | ReadMembers | readonly [ReadMembers];
}

/** Longer messages are rare, and not worth the learning. */
const maxLearned = 8_192;
const maxSkipped = 512;
/** A template that has fitted fewer messages did not earn its learning. */
const minHits = 4;
/** Members of one message whose values may vary. */
const maxVarying = 8;

/**
 * Recognizes messages that differ from an earlier one in the text of their delta, and in members that the decoder does not read, so that they
 * need no JSON.parse, and where the transport knows how (`fetchTransport` does), no parsing as a server-sent message either.
 *
 * A decoder uses it so: it makes one of the head, with the names of every member that it ever reads; asks {@link DeltaTemplate.match}
 * first; after a message that it has parsed, calls {@link DeltaTemplate.forget} if its own state has changed, since then the same message may
 * mean something else, and {@link DeltaTemplate.learn} if it has not and the message gave a single delta of text or reasoning. With
 * `null` in place of the template it must decode the same: a property test says so.
 *
 * What it does not know of is never wrong, only slow: a member that is read and varies, as usage that is counted along.
 */
export class DeltaTemplate {
  readonly #read: ReadMembers;
  readonly #expected: ExpectedMessages;
  #template: MessageTemplate | undefined;
  #name = '';
  #type: TextEvent['type'] = 'text-delta';
  #id = '';
  /** The last message that was learned from, and the members that have been seen to vary since. */
  #last: JsonObject = {};
  readonly #varying = new Map<string, MemberPath>();
  #hits = 0;
  #failures = 0;
  #skip = 0;

  /**
   * @param read The members that the decoder reads: none of them is ever taken for one whose value does not matter.
   * @param head Where the transport is told what to look for. Default: nobody is told, and messages are compared one by one.
   */
  constructor(read: ReadMembers, head?: ResponseHead) {
    this.#read = read;
    this.#expected = head ? ExpectantHead.expectedBy(head) : { current: undefined };
  }

  /** The event of a message that fits; `undefined` for one that has to be parsed. */
  match(message: SseMessage): TextEvent | undefined {
    const template = this.#template;
    if (template === undefined) return undefined;
    let text = message instanceof ExpectedMessage ? message.textBy(template) : undefined;
    if (text === undefined) {
      const { event, data } = message;
      if (event !== this.#name) return undefined;
      text = template.textAt(data, 0);
      if (text === undefined || template.end !== data.length) return undefined;
    }
    this.#hits++;
    return { type: this.#type, id: this.#id, text };
  }

  /**
   * Offers a message that was parsed, gave this one event, and left the decoder as it was.
   *
   * @param parsed Its data.
   * @param read Where the event's text stands in a parsed message, as the decoder itself reads it.
   */
  learn(message: SseMessage, parsed: JsonObject, event: TextEvent, read: (parsed: unknown) => unknown): void {
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    const { data } = message;
    this.forget();
    // What was learned last was of no use: not again at once, or every message until the next try would be compared for nothing.
    if (this.#skip > 0 || data.length > maxLearned) return;
    this.#compare(parsed, this.#last, this.#read, []);
    this.#last = parsed;
    const holes = splitAtHoles(data, event.text, read, this.#varying.values(), parsed);
    if (holes === undefined) {
      this.#fail();
      return;
    }
    this.#template = new MessageTemplate(holes.pieces, holes.kinds);
    this.#expected.current = { event: message.event, template: this.#template };
    this.#name = message.event;
    this.#type = event.type;
    this.#id = event.id;
  }

  /** The decoder's state has changed: nothing learned so far holds. */
  forget(): void {
    if (this.#template === undefined) return;
    this.#template = undefined;
    this.#expected.current = undefined;
    if (this.#hits < minHits) this.#fail();
    else this.#failures = 0;
    this.#hits = 0;
  }

  /** A member that is not read, and that has another value than it had, gets a hole. */
  #compare(parsed: JsonObject, last: JsonObject, read: ReadMembers, path: MemberPath): void {
    for (const name of Object.keys(parsed)) {
      const value = parsed[name];
      const before = last[name];
      const isRead = Object.hasOwn(read, name) ? read[name] : false;
      if (isRead === true || before === undefined || before === value) continue;
      if (isRead === undefined || isRead === false) this.#note([...path, name], value, before);
      else if (Array.isArray(isRead)) this.#compareEach(value, before, isRead[0], [...path, name]);
      else if (isObject(value) && isObject(before)) this.#compare(value, before, isRead as ReadMembers, [...path, name]);
    }
  }

  #compareEach(values: unknown, before: unknown, read: ReadMembers, path: MemberPath): void {
    if (!Array.isArray(values) || !Array.isArray(before)) return;
    values.forEach((value: unknown, index) => {
      const last: unknown = before[index];
      if (isObject(value) && isObject(last)) this.#compare(value, last, read, [...path, String(index)]);
    });
  }

  #note(path: MemberPath, value: unknown, before: unknown): void {
    if (this.#varying.size < maxVarying && JSON.stringify(value) !== JSON.stringify(before)) this.#varying.set(path.join('\n'), path);
  }

  /** Streams whose other members vary do not pay for learning again and again. */
  #fail(): void {
    this.#failures = Math.min(this.#failures + 1, 9);
    this.#skip = Math.min(2 ** this.#failures, maxSkipped);
  }
}
