import { assertNotInReactiveContext, type ErrorHandler } from '@angular/core';

/**
 * Does something that writes signals: at once, or a microtask later where a template renders, a signal is computed or an effect runs.
 *
 * There, writing is an error, or would be seen by one half of a page and not by the other. What is thrown later has no caller left, and is told
 * the application's `ErrorHandler`.
 */
export function outsideReactiveContext(errors: ErrorHandler, task: () => void): void {
  if (!isInReactiveContext()) {
    task();
    return;
  }
  queueMicrotask(() => {
    try {
      task();
    } catch (error) {
      errors.handleError(error);
    }
  });
}

function isInReactiveContext(): boolean {
  try {
    assertNotInReactiveContext(isInReactiveContext);
    return false;
  } catch {
    return true;
  }
}
