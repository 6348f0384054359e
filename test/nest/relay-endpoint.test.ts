import {
  BadRequestException,
  type ExceptionFilter,
  type ExecutionContext,
  type HttpException,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import fastify from 'fastify';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createClient, createSessions, ProviderError, relay, type StreamPosition, textDeltas } from '../../src/index.ts';
import { createRelayEndpoint } from '../../src/nest/index.ts';
import { afterwards, clientOf, request, serve, within } from '../integration/support.ts';
import { messagesIn, until } from '../relay/support.ts';
import { serveNest } from './support.ts';

const words = ['One ', 'two ', 'three.'];
const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request) };

describe('a relay in a route of Nest', () => {
  it('answers a client over relay() with the whole text', async () => {
    const provider = await serve({ text: words });
    const { url } = await serveNest(provider.url);
    const client = createClient({ provider: relay({ url: `${url}/chat` }) });
    const text = await within(lastValueFrom(client.stream(request).pipe(textDeltas(), toArray())));
    expect(text.join('')).toBe(words.join(''));
  });

  it('ends the generation for a DELETE, and only for that', async () => {
    const provider = await serve({ text: words, after: 2, fault: 'stall' });
    const { url } = await serveNest(provider.url);
    const client = createClient({ provider: relay({ url: `${url}/chat` }) });
    let where: (() => StreamPosition) | undefined;
    let text = '';
    const reading = client
      .stream(request, {
        follow: (position) => {
          where = position;
        },
      })
      .pipe(textDeltas())
      .subscribe((piece) => {
        text += piece;
      });
    await until(() => text === 'One two ');
    reading.unsubscribe();
    const generation = await provider.request(0);
    expect(generation.aborted).toBe(false);
    await within(client.cancel((where as () => StreamPosition)()));
    await within(generation.ended);
    expect(generation.aborted).toBe(true);
  });

  it('refuses through exception filters, in the words of a relay', async () => {
    const provider = await serve({ text: words });
    const seen: unknown[] = [];
    const filter: ExceptionFilter<HttpException> = {
      catch: (exception, host) => {
        seen.push(exception.getStatus());
        host.switchToHttp().getResponse().status(exception.getStatus()).send(exception.getResponse());
      },
    };
    const { url } = await serveNest(provider.url, { prepare: (app) => app.useGlobalFilters(filter) });
    const refusals = [
      await fetch(`${url}/chat/stream_unknown`),
      await fetch(`${url}/chat`, { ...asked, headers: { 'content-type': 'text/plain' } }),
      await fetch(`${url}/chat`, { ...asked, body: '{"messages":1}' }),
      await fetch(`${url}/chat`, { ...asked, method: 'PUT' }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([404, 415, 400, 405]);
    expect(seen).toEqual([404, 415, 400, 405]);
    expect(refusals[3]?.headers.get('allow')).toBe('GET, POST, DELETE');
    for (const refusal of refusals) expect(await refusal.json()).toMatchObject({ error: { message: expect.any(String) } });
    expect(provider.requests).toHaveLength(0);
  });

  it('lets what requestFrom throws be an exception of Nest, and an error of ours a refusal', async () => {
    const provider = await serve({ text: words });
    const failures = [
      new BadRequestException('no topic'),
      new Error('a secret of ours'),
      new ProviderError({ category: 'permission-denied', phase: 'local' }),
    ];
    const { url, logged } = await serveNest(provider.url, {
      requestFrom: () => {
        throw failures.shift();
      },
    });
    const answers = [];
    for (let index = 0; index < 3; index++) {
      const response = await fetch(`${url}/chat`, asked);
      answers.push([response.status, await response.text()]);
    }
    expect(answers[0]).toEqual([400, expect.stringContaining('no topic')]);
    expect(answers[1]).toEqual([500, expect.stringContaining('Internal server error')]);
    expect(answers[2]).toEqual([403, expect.stringContaining('permission-denied')]);
    expect(logged).toEqual([expect.stringContaining('a secret of ours')]);
  });

  it('is behind the guards of its controller', async () => {
    const provider = await serve({ text: words });
    const guard = {
      canActivate: (context: ExecutionContext) => {
        const user: unknown = context.switchToHttp().getRequest().headers['x-user'];
        if (user === undefined) throw new UnauthorizedException();
        return user === 'ada';
      },
    };
    const { url, start } = await serveNest(provider.url, { prepare: (_, controller) => UseGuards(guard)(controller) });
    expect((await fetch(`${url}/chat`, asked)).status).toBe(401);
    expect((await fetch(`${url}/chat`, { ...asked, headers: { ...asked.headers, 'x-user': 'eve' } })).status).toBe(403);
    expect((await fetch(`${url}/read/x`, { headers: { 'x-user': 'eve' } })).status).toBe(403);
    expect(provider.requests).toHaveLength(0);
    const id = await start({ 'x-user': 'ada' });
    const response = await fetch(`${url}/chat/${id}`, { headers: { 'x-user': 'ada' } });
    expect(messagesIn(await within(response.text())).at(-1)?.data).toEqual({ type: 'end' });
  });

  it('names an option that is wrong when it is made', () => {
    const sessions = createSessions({});
    expect(() => createRelayEndpoint({ sessions, maxBody: 0 })).toThrow(/maxBody/);
    expect(() => createRelayEndpoint({ sessions, authorize: 'x' as never })).toThrow(/authorize/);
  });
});

describe('a relay in a route of Fastify, as Nest over Fastify calls it', () => {
  it('takes a body that Fastify has read, and answers past it', async () => {
    const provider = await serve({ text: words });
    const endpoint = createRelayEndpoint({ sessions: createSessions({ client: clientOf('openai', provider.url) }) });
    const app = fastify();
    app.all('/chat', endpoint);
    app.all('/chat/:id', endpoint);
    await app.listen({ port: 0, host: '127.0.0.1' });
    afterwards(() => app.close());
    const { port } = app.server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/chat`, asked);
    expect(response.status).toBe(201);
    expect(await within(response.text())).toContain('three.');
    const location = response.headers.get('location');
    const again = await fetch(`http://127.0.0.1:${port}${location}`, { headers: { connection: 'close' } });
    expect(await within(again.text())).toContain('three.');
    const unknown = await fetch(`http://127.0.0.1:${port}/chat/stream_unknown`, { headers: { connection: 'close' } });
    expect(unknown.status).toBe(404);
  });
});
