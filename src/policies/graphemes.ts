/** No cluster that people use is longer, in UTF-16 code units: flags of regions have 14, couples with skin tones 15. */
export const maxCluster = 64;

/** Segmenters are slow on long strings: each segment costs more the longer the whole is. So much at a time, in characters. */
export const lot = 1_024;

/** Text in which each character is a cluster of its own. */
const plain = /^[\n\x20-\x7e]*$/;

/** Whether each character of a text is a grapheme cluster of its own. */
export function isPlain(text: string): boolean {
  return plain.test(text);
}

/** Finds the borders of grapheme clusters: what a reader takes for one character. */
export class Graphemes {
  readonly #segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

  /** The clusters of a text, from the first; for many questions about one text, ask for them once. */
  of(text: string): Intl.Segments {
    return this.#segmenter.segment(text);
  }

  /** How many clusters a text has. */
  count(text: string): number {
    if (isPlain(text)) return text.length;
    let count = 0;
    for (let at = 0; at < text.length; ) {
      const piece = text.slice(at, at + lot + 2);
      const end = this.borderBefore(piece, Math.min(piece.length, lot));
      for (const _ of this.of(piece.slice(0, end))) count++;
      at += end;
    }
    return count;
  }

  /** Where the cluster begins that holds the last character. */
  lastStart(text: string): number {
    if (text.length < 2 || isPlain(text)) return Math.max(0, text.length - 1);
    return this.of(text).containing(text.length - 1)?.index ?? 0;
  }

  /**
   * The last border at or before `limit`. Where a single cluster is longer than that, the border of a code point; where
   * a single code point is, what is behind it.
   *
   * What stands behind `limit` has to be part of the text, for it may belong to the cluster before it.
   */
  borderBefore(text: string, limit: number): number {
    if (limit >= text.length || isPlain(text.slice(Math.max(0, limit - 1), limit + 1))) return Math.min(limit, text.length);
    const border = this.of(text).containing(limit)?.index ?? 0;
    if (border > 0) return border;
    if (!isHalf(text, limit)) return limit;
    return limit > 1 ? limit - 1 : limit + 1;
  }
}

/** Whether a text ends with the first half of a surrogate pair. */
export function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}

/** Whether `at` is in the middle of a surrogate pair. */
function isHalf(text: string, at: number): boolean {
  const second = text.charCodeAt(at);
  return second >= 0xdc00 && second <= 0xdfff && endsInHalf(text.slice(at - 1, at));
}

/** @throws TypeError where the runtime has no `Intl.Segmenter`. @param name Who needs it, as the user calls it. */
export function requireSegmenter(name: string): void {
  if (typeof Intl === 'undefined' || typeof Intl.Segmenter !== 'function') {
    throw new TypeError(`${name}: this runtime has no Intl.Segmenter`);
  }
}
