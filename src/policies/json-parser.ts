import { containerWeight, copyOf, memberWeight, type OpenContainer, setMember } from './json-container.ts';
import { describePath, type JsonPath } from './json-path.ts';
import { beginsScalar, endOfScalar, parseScalar } from './json-scalar.ts';
import { JsonString } from './json-string.ts';

/** Why a text is no JSON, and where. */
export interface JsonFailure {
  /** A sentence without a word of the text itself, but for the keys of the path. */
  readonly reason: string;
  /** `malformed` says that no more text can help, `incomplete` that some is missing, `too-long` that a limit of ours was reached. */
  readonly kind: 'malformed' | 'incomplete' | 'too-long';
}

/** Where the values of one array go instead of being collected. */
export interface JsonItems {
  /** The members that lead to the array; none for the outermost. */
  readonly path: readonly string[];
  readonly deliver: (item: unknown, index: number) => void;
}

type State = 'value' | 'first-value' | 'key' | 'first-key' | 'colon' | 'comma' | 'string' | 'key-string' | 'scalar' | 'end';

/**
 * Reads one JSON array or object as its text grows; each character is looked at once.
 *
 * The grammar is that of `JSON.parse`, and so are the values: the last of two members with one name wins, `__proto__` is a member like
 * any other. A container within a container costs no stack.
 *
 * Not a library: `jsonriver` answers microtasks late, and it and `@streamparser/json` took seven times the CPU time and more for
 * 100 KB of records in deltas of four characters.
 */
export class JsonParser {
  failure: JsonFailure | undefined;
  /** Counts what changed the value as {@link snapshot} shows it. */
  changes = 0;
  /** What {@link snapshot} would cost now, in array slots. */
  weight = 0;
  /** Whether there was more than brackets and the beginning of a word: without, what looked like JSON may have been prose. */
  hasContent = false;
  /** Whether the array whose items are delivered is closed. */
  hasDeliveredAll = false;

  readonly #maxDepth: number;
  readonly #items: JsonItems | undefined;
  readonly #open: OpenContainer[] = [];
  readonly #string = new JsonString();
  #state: State = 'value';
  #token = '';
  #value: unknown;

  constructor(maxDepth: number, items?: JsonItems) {
    this.#maxDepth = maxDepth;
    this.#items = items;
  }

  get isComplete(): boolean {
    return this.#state === 'end';
  }

  /** @returns The index behind what was read: the end of the piece, of the value, or, of a failure, the character at fault. */
  write(piece: string, start = 0): number {
    let index = start;
    while (index < piece.length && this.#state !== 'end' && !this.failure) {
      const code = piece.charCodeAt(index);
      if (this.#state === 'string' || this.#state === 'key-string') index = this.#readString(piece, index);
      else if (this.#state === 'scalar') index = this.#readScalar(piece, index);
      else if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09 || this.#take(code)) index++;
    }
    return index;
  }

  /**
   * The value so far, and never changed again: open containers are copied, closed ones shared with what was shown before.
   *
   * @param isEnd Whether no more will come, so that a number or literal at the end is whole.
   */
  snapshot(isEnd = false): unknown {
    if (this.#state === 'end') return this.#value;
    let shown: unknown = this.#state === 'string' ? this.#string.text : undefined;
    if (isEnd && this.#state === 'scalar') shown = parseScalar(this.#token);
    return copyOf(this.#open, shown);
  }

  /** Where the parser is: the members and indices of the value that is being read. */
  get path(): JsonPath {
    const named = this.#open.filter(({ array }, depth) => array || depth < this.#open.length - 1 || !this.#isBetweenMembers);
    return named.map(({ array, key, size }) => (array ? size : key));
  }

  fail(what: string, kind: JsonFailure['kind'] = 'malformed'): false {
    this.failure ??= { reason: `${what} at ${describePath(this.path)}`, kind };
    return false;
  }

  get #isBetweenMembers(): boolean {
    return this.#state === 'key' || this.#state === 'first-key' || this.#state === 'key-string' || this.#state === 'comma';
  }

  /** @returns Whether the character was read. */
  #take(code: number): boolean {
    switch (this.#state) {
      case 'first-value':
      case 'value':
        return this.#beginValue(code);
      case 'first-key':
      case 'key':
        if (code === 0x22) return this.#beginString('key-string');
        if (code === 0x7d && this.#state === 'first-key') return this.#close();
        return this.fail('no key where there should be one');
      case 'colon':
        if (code !== 0x3a) return this.fail('no colon behind a key');
        this.#state = 'value';
        return true;
      default:
        return this.#separate(code);
    }
  }

  #beginValue(code: number): boolean {
    if (code === 0x22) return this.#beginString('string');
    if (code === 0x7b || code === 0x5b) return this.#openContainer(code === 0x5b);
    if (code === 0x5d && this.#state === 'first-value') return this.#close();
    if (!beginsScalar(code)) return this.fail('no value where there should be one');
    this.#state = 'scalar';
    this.#token = '';
    return false;
  }

  #beginString(state: 'string' | 'key-string'): true {
    this.#state = state;
    this.#string.open();
    this.hasContent = true;
    if (state === 'string') this.changes++;
    return true;
  }

  #separate(code: number): boolean {
    const { array } = this.#open.at(-1) as OpenContainer;
    if (code === (array ? 0x5d : 0x7d)) return this.#close();
    if (code !== 0x2c) return this.fail(array ? 'no comma behind an item' : 'no comma behind a member');
    this.#state = array ? 'value' : 'key';
    return true;
  }

  #readString(piece: string, start: number): number {
    const string = this.#string;
    const { length } = string.text;
    const index = string.read(piece, start);
    if (string.fault) this.fail(string.fault);
    else if (this.#state === 'key-string') {
      if (string.isClosed) this.#endKey(string.text);
    } else if (string.isClosed) this.#endValue(string.text);
    else if (string.text.length > length) this.changes++;
    return index;
  }

  #endKey(key: string): void {
    (this.#open.at(-1) as OpenContainer).key = key;
    this.#state = 'colon';
  }

  #readScalar(piece: string, start: number): number {
    const end = endOfScalar(piece, start);
    this.#token += piece.slice(start, end);
    if (end === piece.length) return end;
    const value = parseScalar(this.#token);
    if (value === undefined) this.fail('neither a number nor true, false or null');
    else this.#endValue(value);
    return end;
  }

  #openContainer(isArray: boolean): boolean {
    const depth = this.#open.length;
    if (depth === this.#maxDepth) this.hasContent = true;
    if (depth === this.#maxDepth) return this.fail(`more than ${this.#maxDepth} containers in one another`);
    const isItems = isArray && this.#isPathOfItems();
    this.#open.push({ array: isArray ? [] : undefined, object: isArray ? undefined : {}, isItems, key: '', size: 0 });
    this.weight += containerWeight;
    this.changes++;
    this.#state = isArray ? 'first-value' : 'first-key';
    return true;
  }

  #isPathOfItems(): boolean {
    const path = this.#items?.path;
    if (path?.length !== this.#open.length) return false;
    return !this.hasDeliveredAll && this.#open.every(({ object, key }, depth) => object && key === path[depth]);
  }

  #close(): true {
    const { array, object, isItems, size } = this.#open.pop() as OpenContainer;
    this.weight -= containerWeight + (array ? size : size * memberWeight);
    if (isItems) this.hasDeliveredAll = true;
    this.#endValue(array ?? object);
    return true;
  }

  #endValue(value: unknown): void {
    this.changes++;
    const parent = this.#open.at(-1);
    if (!parent) {
      this.#value = value;
      this.#state = 'end';
      return;
    }
    this.hasContent = true;
    this.#state = 'comma';
    if (parent.isItems) this.#items?.deliver(value, parent.size);
    else if (parent.array) parent.array.push(value);
    else setMember(parent.object as Record<string, unknown>, parent.key, value);
    if (!parent.isItems) this.weight += parent.array ? 1 : memberWeight;
    parent.size++;
  }
}
