import type { MonoTypeOperatorFunction } from 'rxjs';
import { defaults } from '../core/defaults.ts';
import { regroup, type SegmentConfig } from './regroup.ts';

/**
 * Regroups text into whole sentences, of any language: for speech, or for translation. The end of a line ends a sentence too.
 *
 * Emits each sentence once it is certain to be complete, which is when the next has begun, with the white space behind it, so that joined it is
 * the text that came. What is held (65,536 characters at most; a longer sentence is given on in parts) is emitted before the completion,
 * and before an error. No character that a reader takes for one is ever cut in two.
 *
 * @throws TypeError for an option that is unknown or no language tag, and where the runtime has no `Intl.Segmenter`.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(textDeltas(), bySentence(), boundedConcatMap((sentence) => speak(sentence)));
 * ```
 *
 * @see [marbles/by-sentence.md](../../marbles/by-sentence.md)
 */
export function bySentence(config: SegmentConfig = {}): MonoTypeOperatorFunction<string> {
  return regroup('bySentence', config, { granularity: 'sentence', maxHeld: defaults.textShaping.maxSentence });
}
