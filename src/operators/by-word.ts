import type { MonoTypeOperatorFunction } from 'rxjs';
import { defaults } from '../core/defaults.ts';
import { regroup, type SegmentConfig } from './regroup.ts';

/**
 * Regroups text into whole words, of any language: Unicode's rules, with a dictionary for those that write no spaces.
 *
 * Emits each word once it is certain to be complete, with the punctuation that touches it and the white space behind it, so that joined it is
 * the text that came. What is held (4,096 characters at most; a longer word is given on in parts) is emitted before the completion, and
 * before an error. No character that a reader takes for one is ever cut in two.
 *
 * @throws TypeError for an option that is unknown or no language tag, and where the runtime has no `Intl.Segmenter`.
 *
 * @example
 * ```ts
 * client.stream(request).pipe(textDeltas(), byWord()).subscribe((word) => caption.append(word));
 * ```
 *
 * @see [marbles/by-word.md](../../marbles/by-word.md)
 */
export function byWord(config: SegmentConfig = {}): MonoTypeOperatorFunction<string> {
  return regroup('byWord', config, { granularity: 'word', maxHeld: defaults.textShaping.maxWord });
}
