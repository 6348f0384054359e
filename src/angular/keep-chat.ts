import { afterNextRender, DestroyRef, EnvironmentInjector, ErrorHandler, effect, inject, NgZone, untracked } from '@angular/core';
import { Subscription, timer } from 'rxjs';
import { isRunning } from './answer-view.ts';
import type { ChatState } from './chat-state.ts';
import { type ChatStorage, readChat, writeChat } from './chat-storage.ts';
import { outsideReactiveContext } from './reactive-context.ts';

/** How often what grows is kept, in milliseconds; it is kept also when its page or its component goes away. */
const keepEvery = 500;

/**
 * Keeps a conversation in a storage, from the first render on.
 *
 * @returns Shows what was kept, if that has not been done: before anything else happens to the conversation.
 */
export function keepIn(storage: ChatStorage & { readonly maxCharacters: number }, state: ChatState): () => void {
  const injector = inject(EnvironmentInjector);
  const destroyRef = inject(DestroyRef);
  const zone = inject(NgZone);
  const errors = inject(ErrorHandler);
  let isRestored = false;
  let due = new Subscription();

  const restore = (): void =>
    outsideReactiveContext(errors, () => {
      if (isRestored) return;
      isRestored = true;
      const kept = readChat(storage);
      if (kept) state.restore(kept);
    });
  const keep = (): void => {
    due.unsubscribe();
    writeChat(storage, state.snapshot());
  };
  const keepSoon = (): void => {
    if (!due.closed) return;
    due = zone.runOutsideAngular(() => timer(keepEvery).subscribe(keep));
  };
  due.unsubscribe();

  afterNextRender(() => {
    untracked(restore);
    const keeping = effect(
      () => {
        state.messages();
        if (isRunning(state.answer.view())) untracked(keepSoon);
        else untracked(keep);
      },
      { injector, manualCleanup: true },
    );
    zone.runOutsideAngular(() => globalThis.addEventListener('pagehide', keep));
    destroyRef.onDestroy(() => {
      globalThis.removeEventListener('pagehide', keep);
      keeping.destroy();
      keep();
    });
  });
  return restore;
}
