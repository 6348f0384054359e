const quote = 0x22;
const backslash = 0x5c;
const simpleEscapes: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/**
 * Reads one string of JSON, from behind its opening quote, in pieces that may be cut anywhere.
 *
 * What is shown of an open string ends before half an escape and before half a surrogate pair.
 */
export class JsonString {
  /** What has been read, decoded. Of an open string, what may be shown. */
  text = '';
  isClosed = false;
  /** What is wrong with it, if something is. */
  fault: string | undefined;
  /** An escape of which more must come, with its backslash. */
  #escape = '';
  /** The first half of a surrogate pair. */
  #half = '';

  open(): void {
    this.text = '';
    this.isClosed = false;
    this.fault = undefined;
    this.#escape = '';
    this.#half = '';
  }

  /** @returns The index behind what was read: the end of the piece, the closing quote, or, of a fault, the character at fault. */
  read(piece: string, start: number): number {
    let index = start;
    while (index < piece.length) {
      if (this.#escape !== '') {
        index = this.#readEscape(piece, index);
        if (this.fault) return index;
        continue;
      }
      const end = endOfPlainText(piece, index);
      if (end > index) this.#append(piece.slice(index, end));
      index = end;
      if (index === piece.length) break;
      const code = piece.charCodeAt(index);
      if (code === quote) {
        this.text += this.#half;
        this.isClosed = true;
        return index + 1;
      }
      if (code !== backslash) {
        this.fault = 'a control character in a string';
        return index;
      }
      this.#escape = '\\';
      index++;
    }
    return index;
  }

  #readEscape(piece: string, start: number): number {
    const character = piece.charAt(start);
    if (this.#escape === '\\' && character !== 'u') {
      const decoded = simpleEscapes[character];
      if (decoded === undefined) this.fault = 'an unknown escape in a string';
      else this.#finishEscape(decoded);
    } else if (this.#escape === '\\' || /[\da-f]/i.test(character)) {
      this.#escape += character;
      if (this.#escape.length === 6) this.#finishEscape(String.fromCharCode(Number.parseInt(this.#escape.slice(2), 16)));
    } else {
      this.fault = 'an unknown escape in a string';
    }
    return this.fault ? start : start + 1;
  }

  #finishEscape(decoded: string): void {
    this.#escape = '';
    this.#append(decoded);
  }

  /** Only the new piece is looked at: to look at the whole would copy it, each time. */
  #append(piece: string): void {
    const text = this.#half + piece;
    const last = text.charCodeAt(text.length - 1);
    this.#half = last >= 0xd800 && last <= 0xdbff ? text.slice(-1) : '';
    this.text += this.#half === '' ? text : text.slice(0, -1);
  }
}

function endOfPlainText(piece: string, start: number): number {
  let index = start;
  for (; index < piece.length; index++) {
    const code = piece.charCodeAt(index);
    if (code === quote || code === backslash || code < 0x20) break;
  }
  return index;
}
