/** What keys do, and what is said of them. */
export type Keys = Readonly<Record<string, { readonly help: string; run(): void }>>;

/** Listens to keys, except where somebody types. */
export function listenToKeys(keys: Keys): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    // From a search one may go on to what it has found.
    const isLeaving = event.key === 'ArrowDown' || event.key === 'ArrowUp';
    const isTyping = target.matches('select, textarea') || (target.matches('input') && !isLeaving);
    if (isTyping && event.key !== 'Escape') return;
    // A button that has the focus is pressed with it.
    if ((event.key === ' ' || event.key === 'Enter') && target.matches('button')) return;
    const key = keys[event.key];
    if (!key) return;
    event.preventDefault();
    if (target.matches('input, select, textarea')) target.blur();
    if (!isTyping) key.run();
  });
}
