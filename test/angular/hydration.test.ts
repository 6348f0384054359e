import '@angular/compiler';
import { request as ask } from 'node:http';
import { createRequire } from 'node:module';
import { type BootstrapContext, bootstrapApplication } from '@angular/platform-browser';
import { provideServerRendering, renderApplication } from '@angular/platform-server';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Chromium } from '../browser/chromium.ts';
import { afterwards, serve } from '../integration/support.ts';
import { serveNode } from '../relay/support.ts';
import { App, providersOf } from './hydrated-page.ts';
import { modes } from './support.ts';

let chromium: Chromium;
const scripts = new Map<string, string>();

beforeAll(async () => {
  for (const mode of modes) {
    const { outputFiles } = await build({
      entryPoints: [new URL('./hydrated-page.ts', import.meta.url).pathname],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      inject: mode === 'zone.js' ? [createRequire(import.meta.url).resolve('zone.js')] : [],
      supported: { 'async-await': mode !== 'zone.js' },
      platform: 'browser',
      logLevel: 'silent',
    });
    scripts.set(mode, outputFiles[0]?.text ?? '');
  }
  chromium = await Chromium.launch();
}, 60_000);
afterAll(() => chromium?.close());

it.each(modes)('a page that a server has rendered is taken over as it is, and asks each thing once (%s)', async (mode) => {
  const provider = await serve(({ text }) => ({ text: [text.match(/"content":"([^"]*)"/)?.[1] ?? ''] }));
  const html = await renderApplication(
    (context: BootstrapContext) =>
      bootstrapApplication(App, { providers: [...providersOf(provider.url), provideServerRendering()] }, context),
    {
      document: '<!doctype html><html><body><app-root></app-root><script type="module" src="/page.js"></script></body></html>',
      url: 'http://localhost/',
      allowedHosts: ['localhost'],
    },
  );
  expect(provider.requests).toHaveLength(0);
  const server = await serveNode((incoming, response) => {
    const { url = '', method, headers } = incoming;
    if (url === '/') response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
    else if (url === '/page.js') response.setHeader('content-type', 'text/javascript; charset=utf-8').end(scripts.get(mode));
    else if (!url.startsWith('/v1/')) response.writeHead(204).end();
    else {
      const onward = ask(new URL(url, provider.url), { method, headers, agent: false }, (answer) => answer.pipe(response));
      onward.on('error', () => response.destroy());
      incoming.pipe(onward);
    }
  });
  const page = await chromium.newPage();
  afterwards(() => page.close());
  await page.open(`${server.url}/`);
  const shown = () => page.evaluate<Record<string, unknown>>('globalThis.shown?.()');
  await expect
    .poll(shown, { timeout: 8_000 })
    .toMatchObject({ before: 'done from ngAfterViewInit 20', declared: 'declared', chat: 'kept' });
  expect(await shown()).toMatchObject({ isHydrated: true, errors: [] });
  const asked = provider.requests.map(({ text }) => text.match(/"content":"([^"]*)"/)?.[1]);
  expect(asked.filter((each) => each !== 'from ngOnInit').sort()).toEqual(['declared', 'from ngAfterViewInit']);
  expect(asked.filter((each) => each === 'from ngOnInit').length).toBeLessThan(2);
});
