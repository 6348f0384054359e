import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Client, createSessions, runTools, tool } from 'steadystream';
import { createUIMessageHandler, toMessages } from 'steadystream/ai-sdk';
import { toNodeHandler } from 'steadystream/node';
import { z } from 'zod';

/** Who answers. */
export interface UseChatOptions {
  readonly client: Client;
  readonly model: string;
  /** Default: a free one. */
  readonly port?: number | undefined;
}

const tools = {
  weather: tool({
    description: 'The weather in a city.',
    input: z.object({ city: z.string() }),
    execute: ({ city }) => ({ city, degrees: 21 }),
  }),
};

/** Serves the page and its chats on loopback. */
export async function startUseChat({ client, model, port = 0 }: UseChatOptions) {
  const withTools: Client = { ...client, stream: (request, options) => runTools(client, request, { ...options, tools }) };
  const handler = createUIMessageHandler({
    sessions: createSessions({ client: withTools }),
    requestFrom: ({ messages }) => ({ model, messages: toMessages(messages) }),
    // The page keeps its messages itself: one that comes back too late is told the end all the same.
    replayEnded: true,
  });
  const api = toNodeHandler(handler);
  bundled ??= bundle();
  const script = await bundled;
  const server = createServer((request, response) => {
    const [pathname = '/'] = (request.url ?? '/').split('?');
    if (pathname.startsWith('/api/chat')) void api(request, response);
    else if (pathname === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else response.setHeader('content-type', 'text/html').end(html);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    server,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

let bundled: Promise<string> | undefined;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./page.tsx', import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    jsx: 'automatic',
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width" />
  <title>useChat over steadystream</title>
  <style>
    body { font: 16px/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
    article { border-left: 3px solid #ccc; padding-left: 1rem; margin: 1rem 0; }
    article.user { border-color: #36c; }
    [role='alert'] { color: #a00; }
  </style>
  <div id="root"></div>
  <script type="module" src="/page.js"></script>
</html>`;
