import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { concat, lastValueFrom, NEVER, of, takeWhile } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient, createSessions, openai, openaiResponses, type StreamPosition } from '../src/index.ts';
import { fakeProvider, text } from '../src/testing/index.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that answers every request like this, and notes what it was asked. */
async function answering(status: number, body = '{}'): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const at: StreamPosition = { provider: 'openai-responses', model: 'm', attempts: 1, cursor: 'resp_1/7' };

describe('client.cancel()', () => {
  it('has a response end that runs in the background', async () => {
    const { url, asked } = await answering(200, '{"id":"resp_1","status":"cancelled"}');
    const client = createClient({ provider: openaiResponses({ baseURL: url, apiKey: async () => 'key' }) });
    await client.cancel({ ...at, provider: openaiResponses().name });
    expect(asked).toEqual(['POST /responses/resp_1/cancel Bearer key']);
  });

  it.each([404, 409, 410])('asks for no more where it has ended before: %i', async (status) => {
    const { url, asked } = await answering(status, '{"error":{"message":"no"}}');
    await createClient({ provider: openaiResponses({ baseURL: url, apiKey: 'key' }) }).cancel({ ...at, provider: openaiResponses().name });
    expect(asked).toHaveLength(1);
  });

  it('rejects where the provider did not take note', async () => {
    const { url } = await answering(401, '{"error":{"message":"no","code":"invalid_api_key"}}');
    const client = createClient({ provider: openaiResponses({ baseURL: url, apiKey: 'key' }) });
    await expect(client.cancel({ ...at, provider: openaiResponses().name })).rejects.toMatchObject({
      category: 'authentication',
      status: 401,
    });
  });

  it('asks nobody where a provider keeps nothing', async () => {
    const { url, asked } = await answering(200);
    const client = createClient({ provider: openai({ baseURL: url, apiKey: 'key' }) });
    await client.cancel({ ...at, provider: 'openai' });
    await client.cancel({ ...at, provider: 'somebody-else' });
    expect(asked).toEqual([]);
  });
});

describe('a session that is cancelled', () => {
  it('has its provider end the generation too; one that is only left does not', async () => {
    const request = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] } as const;
    const client = createClient({ provider: fakeProvider<never>(concat(of(text('a')), NEVER), concat(of(text('a')), NEVER)) });
    const ended: StreamPosition[] = [];
    const cancel = async (position: StreamPosition): Promise<void> => {
      ended.push(position);
      throw new Error('nobody waits for this');
    };
    const sessions = createSessions({ client: { ...client, cancel } });
    const [one, two] = [await sessions.start(request), await sessions.start(request)];
    for (const { id } of [one, two]) await lastValueFrom(sessions.attach(id).pipe(takeWhile(({ type }) => type !== 'text-delta')));
    await sessions.cancel(one.id);
    expect(ended).toMatchObject([{ provider: 'fake', model: 'm', attempts: 1 }]);
    await sessions.drain({ deadline: 0 });
    expect(ended).toHaveLength(1);
  });
});
