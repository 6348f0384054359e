import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Chromium } from '../browser/chromium.ts';
import { afterwards, serve } from '../integration/support.ts';
import { until } from '../relay/support.ts';
import { serveNest } from './support.ts';

let chromium: Chromium;
beforeAll(async () => {
  chromium = await Chromium.launch();
}, 60_000);
afterAll(() => chromium?.close());

const page = `<!doctype html><script>
  globalThis.shown = { text: '', errors: 0, ended: false, state: -1 };
  const source = new EventSource(location.hash.slice(1));
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === 'text-delta') shown.text += event.text;
    if (event.type === 'end') shown.ended = true;
  };
  source.onerror = () => { shown.errors++; shown.state = source.readyState; };
</script>`;

it('a native EventSource reads a route of @Sse() to its end over a connection that breaks, with every word once', async () => {
  let goOn = () => {};
  const words = ['One ', 'two ', 'three ', 'four.'];
  const provider = await serve({ text: words, after: 2, fault: { wait: new Promise<void>((resolve) => (goOn = resolve)) } });
  const sockets = new Set<Socket>();
  const { url, start, logged } = await serveNest(provider.url, {
    read: { retry: 20 },
    prepare: (app) => {
      app.getHttpServer().on('connection', (socket: Socket) => sockets.add(socket));
      app.use('/page', (_asked: unknown, response: { setHeader(name: string, value: string): void; end(text: string): void }) => {
        response.setHeader('content-type', 'text/html');
        response.end(page);
      });
    },
  });
  const id = await start();
  const tab = await chromium.newPage();
  afterwards(() => tab.close());
  await tab.open(`${url}/page#/read/${id}`);
  const shown = { text: '', errors: 0, ended: false, state: -1 };
  const look = async () => Object.assign(shown, await tab.evaluate('shown'));
  const looking = setInterval(() => void look().catch(() => {}), 20);
  afterwards(() => clearInterval(looking));
  await until(() => shown.text === 'One two ');
  for (const socket of sockets) socket.destroy();
  goOn();
  // Nobody has closed it: it asks once more behind the end, and is sent away for good.
  await until(() => shown.ended && shown.state === 2);
  expect(shown.text).toBe(words.join(''));
  expect(provider.requests).toHaveLength(1);
  expect(logged).toEqual([]);
});
