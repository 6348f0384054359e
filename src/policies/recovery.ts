import type { Message, StreamRequest } from '../core/request.ts';
import type { StreamResult } from '../core/stream-result.ts';

/**
 * What becomes of an answer that broke after content.
 *
 * - `resume`: the same generation goes on where it was, if the provider keeps it. Nothing shows.
 * - `continue`: a new generation goes on from the text so far. A `seam` says where.
 * - `restart`: a new generation begins anew. A `restart` says that all content so far is void; with `verify`, what it says again is passed
 *   over, and only a difference is announced.
 */
export type Recovery = 'resume' | 'continue' | 'restart' | { readonly restart: { readonly verify: boolean } };

/** What a recovery came down to. */
export type RecoveryVerb = 'resume' | 'continue' | 'restart' | 'verify';

/** What is known of a broken answer. */
export interface BrokenAnswer {
  /** Whether its provider can take the generation up again, and has said where. */
  readonly canResume: boolean;
  readonly result: StreamResult;
  /** Whether what came last is text, whole: a thought or a call that is half done cannot be gone on from. */
  readonly endsInText: boolean;
}

/** The first of the recoveries that is possible; `undefined` if none is. A tool that was called must not be called again. */
export function chooseRecovery(recoveries: readonly Recovery[], answer: BrokenAnswer): RecoveryVerb | undefined {
  const { canResume, result, endsInText } = answer;
  const hasCalled = result.toolCalls.length > 0;
  for (const recovery of recoveries) {
    if (recovery === 'resume') {
      if (canResume) return 'resume';
    } else if (hasCalled) {
      // Neither of the others.
    } else if (recovery === 'continue') {
      if (endsInText && result.text.trim() !== '' && !result.truncated) return 'continue';
    } else if (recovery === 'restart') {
      return 'restart';
    } else {
      return recovery.restart.verify && !result.truncated ? 'verify' : 'restart';
    }
  }
  return undefined;
}

const goOn =
  'Your answer above was cut off. Go on with it exactly where it ends: repeat nothing of it, and say nothing about the interruption.';

/**
 * The request that has a model go on from what it said.
 *
 * @param canPrefill Whether the model takes an answer that has begun; one that does not is asked to go on. None takes one that ends in white space.
 */
export function continuationOf(request: StreamRequest, result: StreamResult, canPrefill: boolean): StreamRequest {
  const said: Message = { role: 'assistant', content: result.text };
  const asked: Message[] = canPrefill && !/\s$/.test(result.text) ? [] : [{ role: 'user', content: goOn }];
  return { ...request, messages: [...request.messages, said, ...asked] };
}
