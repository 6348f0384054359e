/** How repetition is recognized. */
export interface RepetitionLimits {
  /** How much of the end of a text is looked at, in characters. */
  readonly window: number;
  /** How often a block may stand in a row. */
  readonly maxRepeats: number;
}

/**
 * Notices a text that repeats itself: the same block, of any length that fits, over and over at its end. Constant memory; a few steps
 * a character, whatever the text.
 *
 * Runs shorter than half the window are let pass: rules, tables and lists repeat themselves too.
 */
export class RepetitionMachine {
  readonly #limits: RepetitionLimits;
  #tail = '';
  #sinceLook = 0;

  constructor(limits: RepetitionLimits) {
    this.#limits = limits;
  }

  /** Adds text; whether it now repeats itself too often. */
  add(text: string): boolean {
    const { window } = this.#limits;
    this.#tail = (this.#tail + text).slice(-window);
    this.#sinceLook += text.length;
    // A look costs a window; one each eighth of it makes that a constant for each character.
    if (this.#sinceLook < window / 8) return false;
    this.#sinceLook = 0;
    return this.#repeats();
  }

  /**
   * From the end backward, the failure function of Knuth, Morris and Pratt gives the shortest period of each stretch: a stretch that
   * is `maxRepeats` periods long, and half the window, is a repetition.
   */
  #repeats(): boolean {
    const { window, maxRepeats } = this.#limits;
    const tail = this.#tail;
    const last = tail.length - 1;
    const borders = new Uint32Array(tail.length);
    for (let length = 2, border = 0; length <= tail.length; length++) {
      const character = tail.charCodeAt(last - length + 1);
      while (border > 0 && tail.charCodeAt(last - border) !== character) border = borders[border - 1] ?? 0;
      if (tail.charCodeAt(last - border) === character) border++;
      borders[length - 1] = border;
      const period = length - border;
      if (length >= window / 2 && length >= period * maxRepeats) return true;
    }
    return false;
  }
}
