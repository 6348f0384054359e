/** What of a page this needs; nothing of it is there outside of one. */
interface Page {
  readonly document?: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'> | undefined;
  readonly addEventListener?: typeof globalThis.addEventListener | undefined;
  readonly removeEventListener?: typeof globalThis.removeEventListener | undefined;
}

/** Calls `listener` each time the page becomes visible or comes online again, until the returned function is called. Does nothing where there is no page. */
export function onReturn(listener: () => void, page: Page = globalThis as Page): () => void {
  const { document } = page;
  if (!document) return () => {};
  const look = (): void => {
    if (document.visibilityState === 'visible') listener();
  };
  document.addEventListener('visibilitychange', look);
  page.addEventListener?.('online', listener);
  return () => {
    document.removeEventListener('visibilitychange', look);
    page.removeEventListener?.('online', listener);
  };
}
