import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNodeHandler } from '../../src/node/index.ts';
import { createRelayHandler, type RelayHandlerOptions } from '../../src/relay/relay-handler.ts';
import { afterwards } from '../integration/support.ts';
import { LogSessions } from '../relay/log-sessions.ts';
import { serveNode, until } from '../relay/support.ts';
import { Chromium, type Page } from './chromium.ts';

let chromium: Chromium;
let script: string;

beforeAll(async () => {
  const entry = new URL('./page.ts', import.meta.url).pathname;
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent',
  });
  script = outputFiles[0]?.text ?? '';
  chromium = await Chromium.launch();
}, 60_000);
afterAll(() => chromium?.close());

interface Shown {
  readonly text: string;
  readonly status: string;
  readonly errors: number;
  readonly detail: string;
  readonly location: string;
}

/** A page of a server that relays, and how a test follows it. */
async function pageOf(options: Partial<RelayHandlerOptions> = {}) {
  const sessions = new LogSessions();
  const handle = toNodeHandler(createRelayHandler({ sessions, ...options }));
  const server = await serveNode((incoming, response) => {
    if (incoming.url === '/') response.setHeader('content-type', 'text/html').end('<!doctype html><script src="/page.js"></script>');
    else if (incoming.url === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else void handle(incoming, response);
  });
  const page: Page = await chromium.newPage();
  afterwards(() => page.close());
  await page.open(`${server.url}/`);
  let shown: Shown | undefined;
  const showing = async (isShown: (shown: Shown) => boolean): Promise<Shown> => {
    for (const begin = performance.now(); performance.now() - begin < 12_000; await new Promise((resolve) => setTimeout(resolve, 20))) {
      shown = await page.evaluate<Shown>('shown');
      if (isShown(shown)) return shown;
    }
    throw new Error(`the page shows ${JSON.stringify(shown)}`);
  };
  const text = (text: string) => showing((shown) => shown.text === text);
  return { sessions, server, page, showing, text };
}

describe('a page with our client', () => {
  it('shows the text, once and whole, while the server restarts and the network comes and goes', async () => {
    const { sessions, server, page, showing, text } = await pageOf();
    sessions.onStart = (log) => log.say('One ');
    await page.evaluate('readByClient(15000)');
    await text('One ');
    const log = sessions.logs[0];

    await server.down();
    await until(() => log?.readers === 0);
    log?.say('two ');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.up();
    await text('One two ');

    await page.setOffline(true);
    log?.say('three ');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await page.setOffline(false);
    await text('One two three ');

    await server.down();
    await server.up();
    log?.say('four');
    log?.finish();
    await showing(({ status }) => status === 'done');
    expect(await page.evaluate('document.body.textContent')).toBe('One two three four');
    expect(sessions.logs).toHaveLength(1);
  });
});

describe('a page with a native EventSource', () => {
  it('shows the text, once and whole, while the server restarts, and closes at the end marker', async () => {
    const { sessions, server, page, showing, text } = await pageOf({ retry: 100 });
    sessions.onStart = (log) => log.say('One ');
    await page.evaluate('readByEventSource(true)');
    await text('One ');
    const log = sessions.logs[0];

    await server.down();
    await until(() => log?.readers === 0);
    log?.say('two ');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.up();
    await text('One two ');

    await page.setOffline(true);
    log?.say('three ');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await page.setOffline(false);
    await text('One two three ');
    log?.say('four');
    log?.finish();
    await showing(({ status }) => status === 'done');
    expect(await page.evaluate('document.body.textContent')).toBe('One two three four');
  });

  it('that nobody closes asks once more after the end, and is sent away for ever', async () => {
    const { sessions, server, page, showing } = await pageOf({ retry: 20 });
    sessions.onStart = (log) => {
      log.say('Hello');
      log.finish();
    };
    await page.evaluate('readByEventSource(false)');
    const { text } = await showing(({ detail }) => detail === 'closed for ever');
    expect(text).toBe('Hello');
    const gets = server.requests.filter(({ method, url }) => method === 'GET' && url.startsWith('/chat/'));
    expect(gets).toHaveLength(2);
    expect(gets[1]?.headers['last-event-id']).toBe('c000003.end');
  });
});
