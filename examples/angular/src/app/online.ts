import type { Signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { fromEvent, map, merge } from 'rxjs';

/** Whether the browser believes that it has a network. Call it where `inject()` may be called. */
export function onlineSignal(): Signal<boolean> {
  const changes$ = merge(fromEvent(window, 'online'), fromEvent(window, 'offline'));
  return toSignal(changes$.pipe(map(() => navigator.onLine)), { initialValue: navigator.onLine });
}
