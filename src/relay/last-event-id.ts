/** Where a reader was. */
export interface LastEventId {
  /** The cursor of the last event that it has; `undefined` where it has none. */
  readonly after: string | undefined;
  /** Whether it has read the end marker: a native `EventSource` that nobody closed asks once more. */
  readonly hasEnded: boolean;
}

/** Behind the cursor in the id of an end marker. */
const endSuffix = '.end';

/** The id of the end marker behind an event. */
export function endId(cursor: string | undefined): string {
  return `${cursor ?? ''}${endSuffix}`;
}

/** Whether an id is that of an end marker. */
export function isEndId(id: string): boolean {
  return id.endsWith(endSuffix);
}

/**
 * Where the reader was that makes a request: its `Last-Event-ID` header, else `?after=`.
 *
 * The header counts more, because a native `EventSource` reconnects to the address it was given, with an `after` that has grown old.
 *
 * @example
 * ```ts
 * function read(request: Request): Response {
 *   const { after, hasEnded } = lastEventId(request);
 *   return hasEnded ? new Response(null, { status: 204 }) : toEventStreamResponse(sessions.attach(id, { after }));
 * }
 * ```
 */
export function lastEventId(request: Pick<Request, 'url' | 'headers'>): LastEventId {
  const header = request.headers.get('last-event-id');
  const told = header || new URL(request.url, 'http://relay.invalid').searchParams.get('after') || '';
  const hasEnded = isEndId(told);
  const after = hasEnded ? told.slice(0, -endSuffix.length) : told;
  return { after: after === '' ? undefined : after, hasEnded };
}
