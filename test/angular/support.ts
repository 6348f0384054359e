import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import { createClient, createRelayHandler, createSessions, memoryStore, openai, type RelayHandlerOptions } from '../../src/index.ts';
import { toNodeHandler } from '../../src/node/index.ts';
import type { FaultServer, Script } from '../../src/testing/fault-server.ts';
import type { Chromium, Page } from '../browser/chromium.ts';
import { afterwards, serve } from '../integration/support.ts';
import { type RestartableServer, serveNode } from '../relay/support.ts';

/** What a page of these tests shows. */
export interface Shown {
  /** Of a conversation: who, how it stands, and what was said. */
  readonly turns: readonly string[];
  readonly text: string;
  readonly status: string;
  readonly error: string;
  readonly computed: string;
  readonly renders: number;
  readonly ticks: number;
  readonly errors: readonly string[];
}

export interface AngularPage {
  readonly page: Page;
  readonly url: string;
  readonly server: RestartableServer;
  /** The provider behind the page. */
  readonly provider: FaultServer;
  /** Waits until the page shows something. */
  showing<T = Shown>(isShown: (shown: T) => boolean, expression?: string): Promise<T>;
}

export const modes = ['zoneless', 'zone.js'] as const;

const html = `<!doctype html><meta charset="utf-8">
<script>
  globalThis.errors = [];
  addEventListener('error', ({ message }) => errors.push('uncaught: ' + message));
</script>
<script type="module" src="/page.js"></script>`;

/** The page's script, without and with zone.js. */
export async function bundle(mode: (typeof modes)[number]): Promise<string> {
  const entry = new URL('./page.ts', import.meta.url).pathname;
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    inject: mode === 'zone.js' ? [createRequire(import.meta.url).resolve('zone.js')] : [],
    // zone.js cannot follow `await`; Angular's own builder does the same.
    supported: { 'async-await': mode !== 'zone.js' },
    platform: 'browser',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** A page of a server that relays, and that passes `/v1` on to the provider, as a page with a key of its own would ask it. */
export async function pageOf(
  chromium: Chromium,
  script: string,
  answers: Script,
  options: { readonly relay?: Partial<RelayHandlerOptions>; readonly before?: (incoming: IncomingMessage) => Promise<void> } = {},
): Promise<AngularPage> {
  const provider = await serve(answers);
  const client = createClient({ provider: openai({ apiKey: 'test', baseURL: provider.url }), retry: { maxAttempts: 1 } });
  const sessions = createSessions({ client, store: memoryStore() });
  const handle = toNodeHandler(createRelayHandler({ sessions, ...options.relay }));
  const server = await serveNode((incoming, response) => {
    const { url = '' } = incoming;
    if (url === '/') response.setHeader('content-type', 'text/html').end(html);
    else if (url === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else if (url === '/favicon.ico') response.writeHead(204).end();
    else if (url.startsWith('/v1/')) passOn(incoming, response, provider);
    else void Promise.resolve(options.before?.(incoming)).then(() => handle(incoming, response));
  });
  const page = await chromium.newPage();
  afterwards(() => page.close());
  await page.open(`${server.url}/`);
  const showing = async <T = Shown>(isShown: (shown: T) => boolean, expression = 'shown()'): Promise<T> => {
    let shown: T | undefined;
    for (const begin = performance.now(); performance.now() - begin < 8_000; await new Promise((resolve) => setTimeout(resolve, 15))) {
      shown = await page.evaluate<T>(`globalThis.isReady && ${expression}`);
      if (shown && isShown(shown)) return shown;
    }
    throw new Error(`the page shows ${JSON.stringify(shown)}, errors ${await page.evaluate('errors.join()')}`);
  };
  await showing(Boolean, 'isReady');
  return { page, server, url: server.url, provider, showing };
}

/** A connection each, so that the provider sees it close when the page leaves. */
function passOn(incoming: IncomingMessage, response: ServerResponse, { url }: FaultServer): void {
  const onward = ask(new URL(incoming.url ?? '', url), { method: incoming.method, headers: incoming.headers, agent: false });
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    response.flushHeaders();
    answer.on('error', () => response.destroy());
    answer.on('aborted', () => response.destroy());
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  incoming.pipe(onward);
}
