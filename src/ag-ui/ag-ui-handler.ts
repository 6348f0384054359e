import type { Observable } from 'rxjs';
import * as z from 'zod';
import {
  accessOrResponse,
  callback,
  count,
  EventStreamBody,
  type EventStreamFraming,
  errorToResponse,
  eventStreamSchema,
  headerOf,
  instance,
  isResponse,
  parseOptions,
  publicError,
  readJson,
  refuse,
  responseOf,
  UnreadableRequest,
} from '../endpoint.ts';
import {
  defaults,
  type EventLike,
  type EventStreamOptions,
  ProviderError,
  type PublicError,
  type RelayAccess,
  type RelayedSessions,
  type RelayHandler,
  type StreamRequest,
} from '../index.ts';
import { type AgUiRun, parseRun } from './run-agent-input.ts';
import { groupAgUiEvents } from './to-ag-ui-events.ts';

/** What a run wants of a client; those of {@link createClient} have it. */
export interface RunClient {
  /** The answer to a request. */
  stream(
    request: StreamRequest,
    options: { readonly tenant?: string | undefined; readonly requestId?: string | undefined },
  ): Observable<EventLike>;
}

/** What a run wants of sessions; those of {@link createSessions} have it. */
export interface RunSessions extends RelayedSessions {
  attach(
    id: string,
    options: { readonly snapshot?: boolean | undefined; readonly tenant?: string | undefined },
  ): ReturnType<RelayedSessions['attach']>;
}

/** Options of {@link createAgUiHandler}. Times are milliseconds. */
export interface AgUiHandlerOptions extends Pick<EventStreamOptions, 'headers' | 'heartbeat' | 'maxBufferedBytes' | 'signal'> {
  /** Who answers, where a run ends when its client leaves. Either this or `sessions`. */
  readonly client?: RunClient | undefined;
  /** Who answers, where a run goes on without its client: one that asks for the same run again joins it. */
  readonly sessions?: RunSessions | undefined;
  /** Makes the request to the provider out of what a client has sent: the place to choose the model and the tools. */
  readonly requestFrom: (run: AgUiRun, access: RelayAccess) => StreamRequest | PromiseLike<StreamRequest>;
  /** Asked of every request, as that of {@link createRelayHandler}. Default: everybody may do everything. */
  readonly authorize?: ((request: Request) => RelayAccess | Response | PromiseLike<RelayAccess | Response>) | undefined;
  /** The longest body of a request, in bytes. Default: 4 MiB. */
  readonly maxBody?: number | undefined;
}

const { headers, heartbeat, maxBufferedBytes, signal } = eventStreamSchema.shape;
const schema = z
  .strictObject({
    headers,
    heartbeat,
    maxBufferedBytes,
    signal,
    client: instance<RunClient>('stream', 'createClient').optional(),
    sessions: instance<RunSessions>('attach', 'createSessions').optional(),
    requestFrom: callback<AgUiHandlerOptions['requestFrom']>(),
    authorize: callback<NonNullable<AgUiHandlerOptions['authorize']>>().default(() => () => ({})),
    maxBody: count(1).default(defaults.relay.maxBody),
  })
  .refine((options) => (options.client === undefined) !== (options.sessions === undefined), {
    path: ['client'],
    error: 'must be given, or sessions must, and not both',
  });

const failure = ({ message, category }: PublicError) => ({ type: 'RUN_ERROR', message, code: category }) as EventLike;

/** Clients take any end of a body for that of the run, and those in Node may not survive a body that fails. */
const framing: EventStreamFraming = {
  failure,
  end: () => '',
  whenCut: failure(publicError(new ProviderError({ category: 'interrupted', phase: 'local' }))),
};

/**
 * Answers clients of AG-UI, as a function from a request to a response.
 *
 * | | |
 * |---|---|
 * | `POST <path>` | runs; its events. Over sessions with a `Location`, and a run of a known `threadId` and `runId` is joined, from its beginning |
 * | `DELETE <location>` | cancels it: 204. Over sessions alone: without, leaving does |
 *
 * A refusal is JSON, `{ error }`, with what an end user may read: 400, 401, 403, 404, 405, 409, 413, 415, 503.
 *
 * @throws TypeError for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * const handler = createAgUiHandler({
 *   client,
 *   requestFrom: ({ messages, tools }) => ({ model: 'gpt-4o-mini', messages: toMessages(messages), tools: toTools(tools) }),
 * });
 * createServer(toNodeHandler(handler)).listen(8080);
 * ```
 */
export function createAgUiHandler(options: AgUiHandlerOptions): RelayHandler {
  const { client, sessions, requestFrom, authorize, maxBody, ...writing } = parseOptions('createAgUiHandler', schema, options);

  async function run(request: Request, { tenant }: RelayAccess): Promise<Response> {
    const requestId = headerOf(request, 'x-client-request-id');
    const body = await readJson(request, maxBody);
    const asked = parseRun(body);
    const told = await requestFrom(asked, tenant === undefined ? {} : { tenant });
    const ofWhom = tenant === undefined ? {} : { tenant };
    const named = { ...ofWhom, ...(requestId !== undefined && { requestId }) };
    // What a client has of this very run is told again.
    const seen = body as AgUiRun;
    if (!sessions) return answer((client as RunClient).stream(told, named), seen, {});
    const idempotencyKey = await keyOf([tenant ?? null, asked.threadId, asked.runId]);
    const { id, isNew = true } = await sessions.start(told, { ...named, idempotencyKey });
    const path = new URL(request.url).pathname.replace(/\/+$/, '').replace(/^[/\\]{2,}/, '/');
    const location = `${path}/${encodeURIComponent(id)}`;
    return answer(sessions.attach(id, { ...ofWhom, snapshot: !isNew }), seen, { location, 'access-control-expose-headers': 'location' });
  }

  function answer(events$: Observable<EventLike>, asked: AgUiRun, own: Readonly<Record<string, string>>): Response {
    const settings = eventStreamSchema.parse(writing);
    const stream = new EventStreamBody(events$.pipe(groupAgUiEvents(asked)), settings, undefined, framing);
    return responseOf(stream, { ...settings, headers: { ...own, ...settings.headers } });
  }

  async function cancel(request: Request, { tenant }: RelayAccess): Promise<Response> {
    const segment = new URL(request.url).pathname.replace(/\/+$/, '').split('/').at(-1) ?? '';
    if (!sessions || !/^[\w.~-]{1,200}$/.test(segment)) throw new UnreadableRequest(404, 'there is no such run');
    await sessions.cancel(segment, tenant === undefined ? {} : { tenant });
    return new Response(null, { status: 204 });
  }

  return async (request) => {
    try {
      const { method } = request;
      if (method !== 'POST' && method !== 'DELETE') return refuse(405, publicError(undefined), { allow: 'POST, DELETE' });
      const access = accessOrResponse(await authorize(request));
      if (isResponse(access)) return access;
      return method === 'POST' ? await run(request, access) : await cancel(request, access);
    } catch (error) {
      return error instanceof UnreadableRequest ? refuse(error.httpStatus, publicError(error)) : errorToResponse(error);
    }
  };
}

/** A name for a run that is a header's value as well, for it goes to the provider; and there, too, tenants are apart. */
async function keyOf(ids: readonly (string | null)[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(ids)));
  return `ag-ui-${[...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
