/** An array or object that is not closed yet. */
export interface OpenContainer {
  readonly array: unknown[] | undefined;
  readonly object: Record<string, unknown> | undefined;
  /** Whether its values are delivered one by one instead of being collected. */
  readonly isItems: boolean;
  /** The member that is being read. */
  key: string;
  /** How many values have been read. */
  size: number;
}

/** What copying an open container costs, in array slots. */
export const containerWeight = 16;
/** What copying a member of an object costs, in array slots. */
export const memberWeight = 16;

/**
 * Copies containers that are open within one another; what is closed in them is shared.
 *
 * @param innermost The value that is being read in the last of them; `undefined` if there is none to show.
 */
export function copyOf(open: readonly OpenContainer[], innermost: unknown): unknown {
  let shown = innermost;
  for (let depth = open.length - 1; depth >= 0; depth--) {
    const { array, object, key } = open[depth] as OpenContainer;
    const copy = array ? array.slice() : { ...object };
    if (shown !== undefined && Array.isArray(copy)) copy.push(shown);
    else if (shown !== undefined) setMember(copy as Record<string, unknown>, key, shown);
    shown = copy;
  }
  return shown;
}

/** Sets a member as `JSON.parse` does: `__proto__` is one like any other. */
export function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
