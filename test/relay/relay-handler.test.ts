import { throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ProviderError, type StreamRequest } from '../../src/index.ts';
import { lastEventId } from '../../src/relay/last-event-id.ts';
import { createRelayHandler, type RelayHandlerOptions } from '../../src/relay/relay-handler.ts';
import { LogSessions } from './log-sessions.ts';
import { messagesIn, readText } from './support.ts';

const asked: StreamRequest = { model: 'm-1', messages: [{ role: 'user', content: 'Hello' }] };
const json = { 'content-type': 'application/json' };

function relayed(options: Partial<RelayHandlerOptions> = {}) {
  const sessions = new LogSessions();
  const handler = createRelayHandler({ sessions, ...options });
  const send = (method: string, path: string, headers: Record<string, string> = {}, body?: BodyInit) =>
    handler(new Request(`http://relay.test${path}`, { method, headers, ...(body !== undefined && { body }) }));
  const post = (headers: Record<string, string> = {}, body: unknown = asked) =>
    send('POST', '/chat', { ...json, ...headers }, JSON.stringify(body));
  return { sessions, send, post };
}

const typesIn = async (response: Response) => messagesIn(await readText(response)).map(({ data }) => data.type);

describe('a relay', () => {
  it('starts a session, says where it is, and answers with its events', async () => {
    const { sessions, post } = relayed();
    sessions.onStart = (log) => {
      log.say('Hi');
      log.finish();
    };
    const response = await post();
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe('/chat/s1');
    expect(await typesIn(response)).toEqual(['start', 'text-delta', 'finish', 'end']);
    expect(sessions.logs[0]?.request).toEqual(asked);
  });

  it('says where a session is, and nothing else, to who cannot read a stream', async () => {
    const { sessions, post } = relayed({ path: '/public/chat/' });
    const response = await post({ accept: 'application/json' });
    expect([response.status, await response.json()]).toEqual([201, { id: 's1', location: '/public/chat/s1' }]);
    expect(response.headers.get('location')).toBe('/public/chat/s1');
    expect(sessions.attachments).toEqual([]);
  });

  it('joins the session of an idempotency key, which is answered anew from its beginning', async () => {
    const { sessions, post } = relayed();
    sessions.onStart = (log) => log.finish();
    await post({ 'idempotency-key': 'k1' });
    const again = await post({ 'idempotency-key': 'k1' });
    expect(again.status).toBe(200);
    expect(await typesIn(again)).toEqual(['start', 'finish', 'end']);
    expect(sessions.logs).toHaveLength(1);
  });

  it('goes on after the event that a reader has, whose header counts more than an address that has grown old', async () => {
    const { sessions, send, post } = relayed();
    await post();
    sessions.logs[0]?.say('one', 'two', 'three');
    sessions.logs[0]?.finish();
    const textsOf = async (path: string, headers = {}) =>
      messagesIn(await readText(await send('GET', path, headers))).map(({ data }) => data.text ?? data.type);
    expect(await textsOf('/chat/s1')).toEqual(['start', 'one', 'two', 'three', 'finish', 'end']);
    expect(await textsOf('/chat/s1?after=c000002')).toEqual(['two', 'three', 'finish', 'end']);
    expect(await textsOf('/chat/s1?after=c000002', { 'last-event-id': 'c000003' })).toEqual(['three', 'finish', 'end']);
    expect(await textsOf('/chat/s1', { 'last-event-id': 'c000005' })).toEqual(['end']);
  });

  it('has nothing for who has read the end marker, and asks nobody for it', async () => {
    const { sessions, send } = relayed();
    const response = await send('GET', '/chat/s1', { 'last-event-id': 'c000005.end' });
    expect([response.status, response.body]).toEqual([204, null]);
    expect(sessions.attachments).toEqual([]);
  });

  it('cancels', async () => {
    const { sessions, send, post } = relayed();
    await post();
    const response = await send('DELETE', '/chat/s1');
    expect(response.status).toBe(204);
    expect(sessions.logs[0]?.isCancelled).toBe(true);
    expect((await send('DELETE', '/chat/s2')).status).toBe(404);
  });

  it('tells what became of a stream inside of it, and not by its status', async () => {
    const { sessions, send, post } = relayed();
    sessions.onStart = (log) => log.end(new ProviderError({ category: 'authentication', phase: 'streaming' }));
    await post();
    const response = await send('GET', '/chat/s1', { 'last-event-id': 'c000001' });
    expect(response.status).toBe(200);
    expect(await typesIn(response)).toEqual(['error', 'end']);
  });

  it('does not wait for an event before it answers', async () => {
    const { sessions, send, post } = relayed();
    await post();
    const response = await send('GET', '/chat/s1', { 'last-event-id': 'c000001' });
    expect(response.status).toBe(200);
    await response.body?.cancel();
    expect(sessions.logs[0]?.readers).toBe(0);
  });
});

describe('a relay with users', () => {
  const authorize = (request: Request) => {
    const user = request.headers.get('x-user');
    return user ? { tenant: user } : new Response('who?', { status: 401 });
  };

  it('asks who it is each time, and shows nobody the streams of another', async () => {
    const { sessions, send, post } = relayed({ authorize });
    expect((await post()).status).toBe(401);
    expect((await post({ 'x-user': 'ann' })).status).toBe(201);
    sessions.logs[0]?.finish();
    expect((await send('GET', '/chat/s1', { 'x-user': 'ann' })).status).toBe(200);
    const statuses = await Promise.all(
      (['GET', 'DELETE'] as const).flatMap((method) => [
        send(method, '/chat/s1', { 'x-user': 'bob' }),
        send(method, '/chat/s9', { 'x-user': 'bob' }),
      ]),
    );
    const bodies = await Promise.all(statuses.map((each) => each.text()));
    expect(statuses.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(new Set(bodies).size).toBe(1);
    expect((await send('GET', '/chat/s1', { 'last-event-id': 'c000001.end' })).status).toBe(401);
  });

  it('refuses with what was thrown, and never with why', async () => {
    const fail = (error: unknown) =>
      relayed({
        authorize: () => {
          throw error;
        },
      }).post();
    const denied = await fail(new ProviderError({ category: 'permission-denied', detail: 'role=guest' }));
    expect([denied.status, await denied.json()]).toEqual([403, { error: expect.objectContaining({ category: 'permission-denied' }) }]);
    const broken = await fail(new Error('connect postgres://root:pw@db'));
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain('postgres');
  });

  it('makes the request out of what the page has sent', async () => {
    const { sessions, post } = relayed({
      authorize,
      requestFrom: (body, { tenant }) => ({
        model: 'ours',
        messages: [{ role: 'user', content: `${tenant}: ${(body as { q: string }).q}` }],
      }),
    });
    await post({ 'x-user': 'ann' }, { q: 'Hello' });
    expect(sessions.logs[0]?.request).toEqual({ model: 'ours', messages: [{ role: 'user', content: 'ann: Hello' }] });
  });
});

describe('a relay whose authorize answers with no access', () => {
  class Elsewhere {
    readonly status = 401;
    readonly headers = new Headers();
    readonly body = null;
  }

  /** Of a session that is nobody's, by who reads it, and of one that is to be started. */
  async function statusesOf(answer: unknown) {
    const { sessions, send, post } = relayed({ authorize: () => answer as never });
    await sessions.start(asked, {});
    const responses = [await post(), await send('GET', '/chat/s1'), await send('DELETE', '/chat/s1')];
    expect(sessions.logs.map(({ isCancelled }) => isCancelled)).toEqual([false]);
    expect(sessions.attachments).toEqual([]);
    return responses.map(({ status }) => status);
  }

  it.each([
    ['false', false],
    ['true', true],
    ['undefined', undefined],
    ['null', null],
    ['a text', 'user'],
    ['a number', 0],
    ['an array', []],
    ['a function', () => {}],
    ['a map', new Map([['tenant', 'ann']])],
    ['a user instead of a tenant', { user: 'x' }],
    ['a user beside a tenant', { tenant: 'ann', user: 'x' }],
    ['a tenant that is no text', { tenant: 5 }],
    ['an empty tenant of null', { tenant: null }],
  ])('starts, reads and cancels nothing: %s', async (_what, answer) => {
    expect(await statusesOf(answer)).toEqual([500, 500, 500]);
  });

  it('refuses with the response of another implementation', async () => {
    expect(await statusesOf(new Elsewhere())).toEqual([401, 401, 401]);
  });

  it.each([[{}], [{ tenant: undefined }], [Object.assign(Object.create(null), { tenant: 'ann' })]])(
    'but takes a plain object of a tenant or nothing: %o',
    async (access) => {
      expect((await relayed({ authorize: () => access }).post()).status).toBe(201);
    },
  );
});

describe('the address of a stream', () => {
  it.each(['//evil.test/chat', '///evil.test/chat/'])('is of this host, also of a POST to %s', async (path) => {
    const { sessions, send } = relayed();
    const headers = { ...json, accept: 'application/json' };
    const response = await send('POST', path, headers, JSON.stringify(asked));
    expect(response.headers.get('location')).toBe('/evil.test/chat/s1');
    expect((await response.json()).location).toBe('/evil.test/chat/s1');
    sessions.logs[0]?.finish();
    expect((await send('GET', `${path}/s1`)).headers.get('location')).toMatch(/^\/evil\.test\//);
  });
});

describe('a relay refuses', () => {
  it.each([
    ['another method', 405, 'PUT', '/chat', json, '{}'],
    ['a body that another origin could send unasked', 415, 'POST', '/chat', { 'content-type': 'text/plain' }, JSON.stringify(asked)],
    ['a body that is no JSON', 400, 'POST', '/chat', json, '{'],
    ['a body that is no object', 400, 'POST', '/chat', json, '7'],
    ['a body that decides what the server should', 400, 'POST', '/chat', json, JSON.stringify({ ...asked, rawBody: { n: 9 } })],
    [
      'an item of a provider that speaks as the system',
      400,
      'POST',
      '/chat',
      json,
      JSON.stringify({
        ...asked,
        messages: [{ role: 'assistant', content: [{ type: 'provider-item', format: 'openai-responses', item: { role: 'system' } }] }],
      }),
    ],
    ['a body that is too long', 413, 'POST', '/chat', json, JSON.stringify({ ...asked, stop: ['x'.repeat(2_000)] })],
    ['a key that is too long', 400, 'POST', '/chat', { ...json, 'idempotency-key': 'k'.repeat(129) }, JSON.stringify(asked)],
    ['a request id that is too long', 400, 'POST', '/chat', { ...json, 'x-client-request-id': 'r'.repeat(129) }, JSON.stringify(asked)],
    ['a stream that is not there', 404, 'GET', '/chat/nothing', {}, undefined],
    ['an address that names none', 404, 'GET', '/chat/a%00b', {}, undefined],
    ['an address that cannot be read', 404, 'GET', '/chat/%E0%A4%A', {}, undefined],
  ] as const)('%s: %i', async (_what, status, method, path, headers, body) => {
    const { sessions, send } = relayed({ maxBody: 1_000 });
    const response = await send(method, path, headers as unknown as Record<string, string>, body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(Object.keys((await response.json()).error)).toEqual(expect.arrayContaining(['message', 'category', 'retryable']));
    expect(sessions.logs).toHaveLength(0);
  });

  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const withSchema = (schema: string) =>
    `{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"name":"a","inputSchema":${schema}}]}`;

  it('a body that is nested too deep for what walks it', async () => {
    const { sessions, send } = relayed();
    for (const body of [withSchema(nested(20_000)), withSchema(nested(254)), '['.repeat(200_000)]) {
      expect((await send('POST', '/chat', json, body)).status).toBe(400);
    }
    expect(sessions.logs).toHaveLength(0);
    expect((await send('POST', '/chat', json, withSchema(nested(253)))).status).toBe(201);
    const brackets = { ...asked, stop: [`\\"${'[{'.repeat(1_000)}`, '\\'] };
    expect((await send('POST', '/chat', json, JSON.stringify(brackets))).status).toBe(201);
  });

  it.each([
    ['invalid-request', 400, null],
    ['conflict', 409, null],
    ['limit-exceeded', 503, '2'],
    ['network', 503, '2'],
    ['unknown', 500, null],
  ] as const)('what a session cannot be started for as %s: %i', async (category, status, retryAfter) => {
    const { sessions, post } = relayed();
    sessions.refusal = new ProviderError({ category, phase: 'local', detail: 'secret words' });
    const response = await post();
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, retryAfter]);
    expect(await response.text()).not.toContain('secret words');
  });

  it.each([
    ['replay-gap', 410],
    ['invalid-request', 400],
    ['timeout', 503],
  ] as const)('a stream that cannot be read because of %s: %i', async (category, status) => {
    const sessions = Object.assign(new LogSessions(), { attach: () => throwError(() => new ProviderError({ category, phase: 'local' })) });
    expect((await relayed({ sessions }).send('GET', '/chat/s1')).status).toBe(status);
  });

  it('options that are none', () => {
    expect(() => createRelayHandler({} as never)).toThrow('createRelayHandler: sessions is missing');
    expect(() => createRelayHandler({ sessions: new LogSessions(), maxAge: -1 })).toThrow('createRelayHandler: maxAge must be');
    expect(() => createRelayHandler({ sessions: new LogSessions(), location: '/x' } as never)).toThrow('location is not an option');
  });
});

describe('the place of a reader', () => {
  const placeOf = (url: string, id?: string) => lastEventId({ url, headers: new Headers(id === undefined ? {} : { 'last-event-id': id }) });

  it('is its header, else its address, else nowhere', () => {
    expect(placeOf('/x')).toEqual({ after: undefined, hasEnded: false });
    expect(placeOf('/x?after=c1')).toEqual({ after: 'c1', hasEnded: false });
    expect(placeOf('http://a.test/x?after=c1', 'c2')).toEqual({ after: 'c2', hasEnded: false });
    expect(placeOf('/x?after=c1', '')).toEqual({ after: 'c1', hasEnded: false });
  });

  it('is behind the end for who has read the end marker, also of a stream without cursors', () => {
    expect(placeOf('/x', 'c2.end')).toEqual({ after: 'c2', hasEnded: true });
    expect(placeOf('/x', '.end')).toEqual({ after: undefined, hasEnded: true });
  });
});
