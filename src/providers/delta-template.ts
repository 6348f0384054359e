import type { ProviderEvent } from '../core/event.ts';
import type { SseMessage } from '../core/transport.ts';

/** The events that a template can stand for. */
export type TextEvent = Extract<ProviderEvent, { readonly type: 'text-delta' | 'reasoning-delta' }>;

/** Longer messages are rare, and not worth the learning. */
const maxLearned = 8_192;
const maxSkipped = 512;
/** A template that has fitted fewer messages did not earn its learning. */
const minHits = 4;
/** V8 copies slices shorter than this; a longer one keeps the whole message alive. */
const minSharedSlice = 13;

/**
 * Recognizes messages that differ from an earlier one in the text of their delta alone, so that they need no JSON.parse.
 *
 * Learns what stands before and after the text: the JSON of a message that has the same two around a text without quote, backslash
 * or control character is the earlier one's with that text in its place. The decoder says when its own state has changed
 * ({@link DeltaTemplate.forget}), since then the same message may mean something else.
 */
export class DeltaTemplate {
  #ready = false;
  #name = '';
  #prefix = '';
  #suffix = '';
  #type: TextEvent['type'] = 'text-delta';
  #id = '';
  #hits = 0;
  #failures = 0;
  #skip = 0;

  /** The event of a message that fits; `undefined` for one that has to be parsed. */
  match(message: SseMessage): TextEvent | undefined {
    if (!this.#ready || message.event !== this.#name) return undefined;
    const { data } = message;
    const start = this.#prefix.length;
    const end = data.length - this.#suffix.length;
    // Far faster than startsWith and endsWith.
    if (end <= start || !this.#hasSuffix(data, end) || data.slice(0, start) !== this.#prefix) return undefined;
    const text = data.slice(start, end);
    if (!isPlain(text)) return undefined;
    this.#hits++;
    return { type: this.#type, id: this.#id, text: text.length < minSharedSlice ? text : JSON.parse(data.slice(start - 1, end + 1)) };
  }

  /**
   * Offers a message that was parsed, gave this one event, and left the decoder as it was.
   *
   * @param read Where the event's text stands in the parsed message, as the decoder itself reads it.
   */
  learn(message: SseMessage, event: TextEvent, read: (parsed: unknown) => unknown): void {
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    const { text } = event;
    if (!isPlain(text)) return;
    this.forget();
    // What was learned last was of no use: not again at once, or every message until the next try would be compared for nothing.
    if (this.#skip > 0) return;
    if (message.data.length > maxLearned) return;
    if (!this.#split(message.data, text, read)) {
      this.#fail();
      return;
    }
    this.#ready = true;
    this.#name = message.event;
    this.#type = event.type;
    this.#id = event.id;
  }

  /** The decoder's state has changed: nothing learned so far holds. */
  forget(): void {
    if (!this.#ready) return;
    this.#ready = false;
    if (this.#hits < minHits) this.#fail();
    else this.#failures = 0;
    this.#hits = 0;
  }

  /** A slice is compared fastest, but a short one is a string to allocate. */
  #hasSuffix(data: string, end: number): boolean {
    const suffix = this.#suffix;
    if (suffix.length >= minSharedSlice) return data.slice(end) === suffix;
    for (let index = 0; index < suffix.length; index++) {
      if (data.charCodeAt(end + index) !== suffix.charCodeAt(index)) return false;
    }
    return true;
  }

  #split(data: string, text: string, read: (parsed: unknown) => unknown): boolean {
    const first = data.indexOf(`"${text}"`);
    if (first === -1) return false;
    const last = data.lastIndexOf(`"${text}"`);
    return this.#splitAt(first + 1, data, text.length, read) || (last !== first && this.#splitAt(last + 1, data, text.length, read));
  }

  #splitAt(start: number, data: string, length: number, read: (parsed: unknown) => unknown): boolean {
    const prefix = data.slice(0, start);
    const suffix = data.slice(start + length);
    // Longer than all the rest, so that nothing but this very string can read as it.
    const marker = 'm'.repeat(data.length + 1);
    try {
      if (read(JSON.parse(prefix + marker + suffix)) !== marker) return false;
    } catch {
      return false;
    }
    this.#prefix = prefix;
    this.#suffix = suffix;
    return true;
  }

  /** Streams whose other members vary do not pay for learning again and again. */
  #fail(): void {
    this.#failures = Math.min(this.#failures + 1, 9);
    this.#skip = Math.min(2 ** this.#failures, maxSkipped);
  }
}

/** Whether a text stands in JSON as it is. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 32 || code === 34 || code === 92) return false;
  }
  return text.length > 0;
}
