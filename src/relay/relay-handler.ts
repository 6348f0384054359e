import type { Observable } from 'rxjs';
import * as z from 'zod';
import { defaults } from '../core/defaults.ts';
import type { EventLike } from '../core/event.ts';
import { callback, count, instance, parseOptions } from '../core/options.ts';
import type { StreamRequest } from '../core/request.ts';
import { errorToResponse, refuse, statusOf } from './error-to-response.ts';
import { EventStreamBody } from './event-stream-body.ts';
import { type EventStreamOptions, type EventStreamSettings, eventStreamShape } from './event-stream-options.ts';
import { responseOf } from './event-stream-response.ts';
import { lastEventId } from './last-event-id.ts';
import { publicError } from './public-json.ts';
import { headerOf, plainRequest, readJson, UnreadableRequest } from './read-request.ts';
import { accessOrResponse, isResponse, type RelayAccess } from './relay-access.ts';

export type { RelayAccess } from './relay-access.ts';

/** What a relay wants of sessions; those of {@link createSessions} have it. */
export interface RelayedSessions {
  /** Starts a session, or joins the one of the key. */
  start(
    request: StreamRequest,
    options: {
      readonly tenant?: string | undefined;
      readonly idempotencyKey?: string | undefined;
      readonly requestId?: string | undefined;
    },
  ): PromiseLike<{ readonly id: string; readonly isNew?: boolean | undefined }>;
  /** The events of one, after a cursor. */
  attach(id: string, options: { readonly after?: string | undefined; readonly tenant?: string | undefined }): Observable<EventLike>;
  /** Ends one for everybody. */
  cancel(id: string, options: { readonly tenant?: string | undefined }): PromiseLike<unknown>;
}

/** Options of {@link createRelayHandler}. */
export interface RelayHandlerOptions extends Omit<EventStreamOptions, 'location' | 'status'> {
  readonly sessions: RelayedSessions;
  /**
   * Asked of every request, reconnects too: whose it is, or the response that refuses it. A `ProviderError` that it throws, `authentication` or
   * `permission-denied`, is 401 or 403. What is neither a response nor a plain object with `tenant` or nothing lets nobody in: 500. Default:
   * everybody may do everything, which is for pages that know no users.
   */
  readonly authorize?: ((request: Request) => RelayAccess | Response | PromiseLike<RelayAccess | Response>) | undefined;
  /**
   * Makes the request to the provider out of the JSON that a page has sent: the place to choose the model, and to put the system's message before
   * the user's. Default: what the page has sent, if it has neither `rawBody` nor `providerOptions`.
   */
  readonly requestFrom?: ((body: unknown, access: RelayAccess) => StreamRequest | PromiseLike<StreamRequest>) | undefined;
  /** The path that browsers know, before `/<id>`. Default: that of the POST. */
  readonly path?: string | undefined;
  /** The longest body of a request, in bytes. Default: 4 MiB. */
  readonly maxBody?: number | undefined;
}

/** Answers requests. It never rejects. */
export type RelayHandler = (request: Request) => Promise<Response>;

const schema = z.strictObject({
  ...eventStreamShape,
  sessions: instance<RelayedSessions>('attach', 'createSessions'),
  authorize: callback<NonNullable<RelayHandlerOptions['authorize']>>().default(() => () => ({})),
  requestFrom: callback<NonNullable<RelayHandlerOptions['requestFrom']>>().default(() => plainRequest),
  path: z.string({ error: 'must be a string' }).optional(),
  maxBody: count(1).default(defaults.relay.maxBody),
});

/**
 * A relay of sessions over HTTP, as a function from a request to a response.
 *
 * | | |
 * |---|---|
 * | `POST <path>` | starts a session, or joins the one of its `Idempotency-Key`; answers with its events and its `Location`. Who accepts `application/json` alone gets `{ id, location }` |
 * | `GET <path>/<id>` | its events after `Last-Event-ID` or `?after=`, else from the beginning; 204 for who has read the end marker |
 * | `DELETE <path>/<id>` | cancels it: 204 |
 *
 * A refusal is JSON, `{ error }`, with what an end user may read: 400, 401, 403, 404, 405, 409, 410, 413, 415; 503 with `Retry-After` where the
 * store or the process is not able to.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const sessions = createSessions({ client, store: redisStore({ client: redis }) });
 * const handler = createRelayHandler({ sessions, authorize: (request) => ({ tenant: userOf(request) }) });
 * createServer(toNodeHandler(handler)).listen(8080);
 * ```
 */
export function createRelayHandler(options: RelayHandlerOptions): RelayHandler {
  const { sessions, authorize, requestFrom, path, maxBody, ...streaming } = parseOptions('createRelayHandler', schema, options);

  function bodyOf(id: string, after: string | undefined, { tenant }: RelayAccess, settings: EventStreamSettings): EventStreamBody {
    const attach = (from: string | undefined) =>
      sessions.attach(id, { ...(from !== undefined && { after: from }), ...(tenant !== undefined && { tenant }) });
    return new EventStreamBody(attach(after), settings, attach);
  }

  async function start(request: Request, access: RelayAccess): Promise<Response> {
    const idempotencyKey = headerOf(request, 'idempotency-key');
    const requestId = headerOf(request, 'x-client-request-id');
    const asked = await requestFrom(await readJson(request, maxBody), access);
    const { tenant } = access;
    const { id, isNew = true } = await sessions.start(asked, {
      ...(tenant !== undefined && { tenant }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(requestId !== undefined && { requestId }),
    });
    const location = `${baseOf(path ?? new URL(request.url).pathname)}/${encodeURIComponent(id)}`;
    const status = isNew ? 201 : 200;
    if (wantsJson(request)) {
      const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', location };
      return new Response(JSON.stringify({ id, location }), { status, headers });
    }
    const settings = { ...streaming, location, status };
    return responseOf(bodyOf(id, undefined, access, settings), settings);
  }

  async function attach(request: Request, access: RelayAccess): Promise<Response> {
    const { after, hasEnded } = lastEventId(request);
    if (hasEnded) return new Response(null, { status: 204 });
    const id = idOf(request);
    const location = path ? `${baseOf(path)}/${encodeURIComponent(id)}` : baseOf(new URL(request.url).pathname);
    const settings = { ...streaming, location, status: 200 };
    const body = bodyOf(id, after, access, settings);
    const failure = await body.failureWithin(defaults.relay.statusDelay);
    return failure !== undefined && statusOf(failure) !== undefined ? errorToResponse(failure) : responseOf(body, settings);
  }

  async function cancel(request: Request, { tenant }: RelayAccess): Promise<Response> {
    await sessions.cancel(idOf(request), tenant === undefined ? {} : { tenant });
    return new Response(null, { status: 204 });
  }

  const methods: Readonly<Record<string, (request: Request, access: RelayAccess) => Promise<Response>>> = {
    POST: start,
    GET: attach,
    DELETE: cancel,
  };

  return async (request) => {
    try {
      const answer = methods[request.method];
      if (!answer) return refuse(405, publicError(undefined), { allow: 'GET, POST, DELETE' });
      const access = accessOrResponse(await authorize(request));
      return isResponse(access) ? access : await answer(request, access);
    } catch (error) {
      return error instanceof UnreadableRequest ? refuse(error.httpStatus, publicError(error)) : errorToResponse(error);
    }
  };
}

/** Who accepts JSON and no stream will read the stream elsewhere, as a native `EventSource` does. */
function wantsJson(request: Request): boolean {
  const accept = request.headers.get('accept') ?? '';
  return accept.includes('application/json') && !accept.includes('text/event-stream');
}

/** The path that ids stand behind. One that began with two slashes would be another host's. */
function baseOf(path: string): string {
  return path.replace(/\/+$/, '').replace(/^[/\\]{2,}/, '/');
}

/** @throws UnreadableRequest where the address names no stream. */
function idOf(request: Request): string {
  const segment = new URL(request.url).pathname.replace(/\/+$/, '').split('/').at(-1) ?? '';
  if (!/^[\w.~%-]{1,200}$/.test(segment)) throw new UnreadableRequest(404, 'there is no such stream');
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new UnreadableRequest(404, 'there is no such stream');
  }
}
