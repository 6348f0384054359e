import { computed, type Signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { filter, map } from 'rxjs';
import type { ErrorCategory } from 'steadystream';
import { type AnswerView, injectSteadyStream } from 'steadystream/angular';

/** What is waited for while there is nothing new to read. */
export interface Waiting {
  readonly words: string;
  /** When there is another attempt, in milliseconds since 1970. */
  readonly until?: number;
  /** From 2. */
  readonly attempt?: number;
}

/** What an answer waits for, if it does. Call it where `inject()` may be called. */
export function waitingFor(view: Signal<AnswerView>): Signal<Waiting | undefined> {
  const resumesAt = resumptionSignal();
  return computed(() => {
    const now = view();
    const until = resumesAt();
    if (now.status === 'connecting') return { words: 'Connecting' };
    if (now.status === 'retrying') return { words: wordsFor(now.error.category), until: now.retryAt, attempt: now.attempt };
    return now.status === 'streaming' && until !== undefined ? { words: 'Connection lost', until } : undefined;
  });
}

/** When a broken answer is asked to go on; the view of it says nothing of that, because no word is lost. */
function resumptionSignal(): Signal<number | undefined> {
  const decisive: readonly string[] = ['recovery', 'headers', 'finish', 'error', 'cancel'];
  return toSignal(
    injectSteadyStream().lifecycle$.pipe(
      filter(({ type }) => decisive.includes(type)),
      map((moment) => (moment.type === 'recovery' ? Date.now() + moment.delayMs : undefined)),
    ),
  );
}

function wordsFor(category: ErrorCategory): string {
  switch (category) {
    case 'rate-limit':
    case 'overloaded':
      return 'Busy';
    case 'timeout':
      return 'No answer yet';
    case 'network':
    case 'interrupted':
      return 'Connection lost';
    default:
      return 'Something went wrong';
  }
}
