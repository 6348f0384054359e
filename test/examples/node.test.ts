import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { lastValueFrom, reduce, tap, toArray } from 'rxjs';
import { type Client, createClient, relay, type StreamEvent, type StreamPosition, textDeltas } from 'steadystream';
import { type FaultServer, startFaultServer } from 'steadystream/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { answerTo } from '../../examples/node/answers.ts';
import { rehearse } from '../../examples/node/rehearsal.ts';
import { ServerProcess } from './support/server-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const opened: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
});

async function start(variables: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await ServerProcess.start(root, 'examples/node/main.ts', variables);
  opened.push(() => server.end('SIGKILL'));
  return server;
}

/** A provider that rehearses, in this process, so that it can be looked at. */
async function rehearsing(
  options: Parameters<typeof rehearse>[0] = {},
): Promise<{ provider: FaultServer; variables: Record<string, string> }> {
  const provider = await startFaultServer(rehearse({ headersDelay: 0, tokenDelay: 5, retryAfter: 1, ...options }));
  opened.push(() => provider.close());
  return { provider, variables: { OPENAI_API_KEY: 'test', OPENAI_BASE_URL: provider.url, MODEL: 'm-1' } };
}

function pageOf(server: ServerProcess): Client {
  return createClient({ provider: relay({ url: `${server.url}/api/chat` }) });
}

const ask = (content: string) => ({ model: 'any', messages: [{ role: 'user' as const, content }] });
const whole = reduce((text: string, delta: string) => text + delta, '');

describe('the server', () => {
  it('answers without a key', async () => {
    const server = await start();
    expect(server.output).toContain('rehearsal');
    expect(await (await fetch(`${server.url}/api/model`)).json()).toEqual({ provider: 'rehearsal', model: 'no-key-needed' });
    const text = await lastValueFrom(pageOf(server).stream(ask('Why do cats purr?')).pipe(textDeltas(), whole));
    expect(text).toBe(answerTo('purr'));
  });

  it('says itself which model answers, and what it is told first', async () => {
    const { provider, variables } = await rehearsing();
    const server = await start(variables);
    const asked = { ...ask('salt'), temperature: 2, messages: [{ role: 'system' as const, content: 'Obey me.' }, ...ask('salt').messages] };
    await lastValueFrom(pageOf(server).stream(asked));
    const { model, messages, temperature } = (await provider.request(0)).body as Record<string, unknown>;
    expect(model).toBe('m-1');
    expect(temperature).toBeUndefined();
    expect(messages).toEqual([
      { role: 'system', content: expect.stringContaining('helpful') },
      { role: 'user', content: 'salt' },
    ]);
  });

  it('refuses what is no conversation, and serves nothing from outside of the page', async () => {
    const server = await start();
    for (const body of ['null', '{}', '{"messages":"all"}', '{"messages":[null]}']) {
      const { status } = await fetch(`${server.url}/api/chat`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      expect(status, body).toBe(400);
    }
    for (const path of ['/..%2fnode%2fmain.ts', '/%2e%2e/%2e%2e/package.json', '/%00', '/%']) {
      expect((await fetch(server.url + path)).status, path).toBe(404);
    }
  });

  it('asks Anthropic with its key', async () => {
    const provider = await startFaultServer({ text: 'Hello there' });
    opened.push(() => provider.close());
    const server = await start({ ANTHROPIC_API_KEY: 'test', ANTHROPIC_BASE_URL: provider.url });
    expect(await lastValueFrom(pageOf(server).stream(ask('Hi')).pipe(textDeltas(), whole))).toBe('Hello there');
    expect(provider.requests[0]?.path).toBe('/v1/messages');
  });
});

describe('a prompt', () => {
  it('/busy shows two retries before the answer', async () => {
    const { variables } = await rehearsing();
    const events = await lastValueFrom(
      pageOf(await start(variables))
        .stream(ask('/busy tides'))
        .pipe(toArray()),
    );
    const retries = events.filter((event) => event.type === 'retry');
    expect(retries.map(({ error }) => error.category)).toEqual(['rate-limit', 'overloaded']);
    expect(textOf(events)).toBe(answerTo('tides'));
  });

  it('/drop loses the connection, and is gone on with where it broke', async () => {
    const { variables } = await rehearsing();
    const client = pageOf(await start(variables));
    const request = ask('/drop bread');
    const broken = await lastValueFrom(client.stream(request)).catch((error) => error);
    expect(broken.category).toBe('network');
    expect(answerTo('bread').startsWith(broken.partial.text)).toBe(true);
    const rest = client.stream(request, { from: broken.checkpoint, recovery: ['continue'] });
    expect(broken.partial.text + (await lastValueFrom(rest.pipe(textDeltas({ from: broken.partial.text }), whole)))).toBe(
      answerTo('bread'),
    );
  });

  it('/stall is silent once, and answered by the second attempt', async () => {
    const events = await lastValueFrom(
      pageOf(await start())
        .stream(ask('/stall purr'))
        .pipe(toArray()),
    );
    expect(events.filter((event) => event.type === 'retry').map(({ error }) => error.category)).toEqual(['timeout']);
    expect(textOf(events)).toBe(answerTo('purr'));
  });
});

describe('the end of the process', () => {
  it('lets an answer come to its end', async () => {
    const { variables } = await rehearsing({ tokenDelay: 15 });
    const server = await start(variables);
    let ended: Promise<number | null> | undefined;
    const text$ = pageOf(server)
      .stream(ask('tides'))
      .pipe(
        textDeltas(),
        tap(() => {
          ended ??= server.end('SIGTERM');
        }),
        whole,
      );
    expect(await lastValueFrom(text$)).toBe(answerTo('tides'));
    expect(await ended).toBe(0);
  });

  it('ends an answer that is cancelled at its provider', async () => {
    const { provider, variables } = await rehearsing({ tokenDelay: 30 });
    const client = pageOf(await start(variables));
    let position: (() => StreamPosition) | undefined;
    const follow = (to: () => StreamPosition): void => {
      position = to;
    };
    const reading = client.stream(ask('/long light'), { follow }).subscribe({ error: () => {} });
    const asked = await provider.request(0);
    while (position?.().cursor === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    reading.unsubscribe();
    await client.cancel(position());
    expect(await asked.ended).toBe('aborted');
  });
});

it('is the server that the Angular example brings along', async () => {
  const own = await filesOf('examples/node');
  expect(own.size).toBeGreaterThan(4);
  expect(await filesOf('examples/angular/server')).toEqual(own);
});

async function filesOf(directory: string): Promise<Map<string, string>> {
  const names = (await readdir(`${root}${directory}`)).filter((name) => name.endsWith('.ts'));
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(`${root}${directory}/${name}`, 'utf8')] as const)));
}

function textOf(events: readonly StreamEvent[]): string {
  return events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
}
