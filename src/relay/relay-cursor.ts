import { ProviderError } from '../core/provider-error.ts';

/** Where a reader of a relay was. */
export interface RelayCursor {
  /** The address of the stream. */
  readonly location: string;
  /** The id of the last event that it has; empty where it has none. */
  readonly id: string;
  /** Events that came after that one without an id, because the server's store was away: the server will say them again, with theirs. */
  readonly unlogged: number;
}

/** A cursor as it stands in a checkpoint: the address, a hash, the id in URI encoding, and how many events after it were not logged. */
export function formatRelayCursor({ location, id, unlogged }: RelayCursor): string {
  return `${location}#${encoded(id)}${unlogged > 0 ? `~${unlogged}` : ''}`;
}

/** The cursor that {@link formatRelayCursor} wrote, or `undefined`. */
export function parseRelayCursor(cursor: string): RelayCursor | undefined {
  const parts = /^(https?:\/\/[^#]+)#([^#~]*)(?:~(\d{1,9}))?$/.exec(cursor);
  const [, location, id, unlogged] = parts ?? [];
  if (location === undefined || id === undefined) return undefined;
  try {
    return { location, id: decodeURIComponent(id), unlogged: Number(unlogged ?? 0) };
  } catch {
    return undefined;
  }
}

/** Sessions of somebody's own may have a `#` or a `~` in an id, which would be taken for the end of it. */
function encoded(id: string): string {
  return encodeURIComponent(id).replaceAll('~', '%7E');
}

/**
 * The absolute form of an address, which in a browser may be relative to the page.
 *
 * @throws TypeError if it is none.
 */
export function absoluteUrl(url: string): string {
  return new URL(url, (globalThis.location as Location | undefined)?.href).href;
}

/** Where a stream can be read again, if it is on the relay's own server: elsewhere, credentials would be given away. */
export function sameOrigin(location: string | null, url: string): string | undefined {
  if (location === null) return undefined;
  try {
    const target = new URL(location, url);
    target.hash = '';
    return target.origin === new URL(url).origin ? target.href : undefined;
  } catch {
    return undefined;
  }
}

/** @throws ProviderError `invalid-request` for a cursor of somewhere else. */
export function cursorOf(cursor: string | undefined, url: string): RelayCursor {
  const parsed = parseRelayCursor(cursor ?? '');
  if (parsed && sameOrigin(parsed.location, url)) return parsed;
  throw new ProviderError({ category: 'invalid-request', phase: 'local', retryable: false, reason: 'the cursor is not of this relay' });
}
