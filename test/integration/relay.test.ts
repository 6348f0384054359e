import { describe, expect, it } from 'vitest';
import { createClient, type ProviderError, type StreamEvent, textDeltas, viewState } from '../../src/index.ts';
import { toNodeHandler } from '../../src/node/index.ts';
import { createRelayHandler } from '../../src/relay/relay-handler.ts';
import { relay } from '../../src/relay.ts';
import { LogSessions } from '../relay/log-sessions.ts';
import { serveNode, until } from '../relay/support.ts';
import { collect, expectError, expectText, request, typesOf } from './support.ts';

const retry = { initialDelay: 5, maxDelay: 20, jitter: 'none' } as const;

async function relayed(options: Partial<Parameters<typeof createRelayHandler>[0]> = {}) {
  const sessions = new LogSessions();
  const server = await serveNode(toNodeHandler(createRelayHandler({ sessions, ...options })));
  const provider = relay({ url: `${server.url}/chat` });
  return { sessions, server, provider, client: createClient({ provider, retry }) };
}

describe('an answer that is relayed', () => {
  it('comes whole, and its request goes as it is', async () => {
    const { sessions, server, client } = await relayed();
    sessions.onStart = (log) => {
      log.say('Hello ', 'there');
      log.finish();
    };
    const ending = await collect(client.stream(request));
    expectText(ending, 'Hello there');
    expect(typesOf(ending.events)).toEqual(['start', 'text-delta', 'text-delta', 'finish']);
    expect(sessions.logs[0]?.request).toEqual(request);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({ method: 'POST', url: '/chat' });
  });

  it('goes on where it was after the server has restarted, twice', async () => {
    const { sessions, server, client } = await relayed();
    sessions.onStart = (log) => log.say('One ');
    const ending = collect(client.stream(request));
    await until(() => sessions.logs[0]?.readers === 1);
    const log = sessions.logs[0];
    for (const word of ['two ', 'three ']) {
      await server.down();
      await until(() => log?.readers === 0);
      log?.say(word);
      await server.up();
      await until(() => log?.readers === 1);
    }
    log?.say('four');
    log?.finish();
    expectText(await ending, 'One two three four');
    expect(sessions.logs).toHaveLength(1);
    expect(sessions.attachments).toEqual([undefined, 'c000002', 'c000003']);
  });

  it('fails as the server says, without a word of what only the server may know', async () => {
    const { sessions, client } = await relayed();
    const secret = 'sk-live-abcdefghijklmnop';
    const { ProviderError: Failure } = await import('../../src/index.ts');
    sessions.onStart = (log) => {
      log.say('Hel');
      log.end(new Failure({ category: 'overloaded', detail: `key ${secret}`, provider: 'acme', requestId: 'req_server', phase: 'streaming' }));
    };
    const error: ProviderError = expectError(await collect(client.stream(request)), { category: 'overloaded', providerRequestId: 'req_server' });
    expect(error.partial?.text).toBe('Hel');
    expect(JSON.stringify(error)).not.toContain('acme');
    expect(sessions.attachments).toEqual([undefined]);
  });
});
export type { StreamEvent };
export { textDeltas, viewState };
