/**
 * The pictures of this folder, made anew in a real browser: `npm run pictures`, or `npm run pictures -- demo`.
 *
 * Wants Chromium (`CHROMIUM`, default `/usr/bin/chromium`) and `script` of util-linux.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BrowserContextOptions, chromium } from 'playwright-core';
import { startInspector } from 'steadystream/inspector';
import { startTraffic } from '../../examples/inspector/traffic.ts';
import { buildAngularExample } from '../../test/examples/support/angular-example.ts';
import { ServerProcess } from '../../test/examples/support/server-process.ts';
import { pictureOf, record } from './terminal.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = import.meta.dirname;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-quic'],
});

const pictures: Record<string, () => Promise<void>> = {
  async demo() {
    const terminal = { columns: 92, rows: 38, cwd: root };
    const output = await record('npm run --silent demo -- busy cut outage', terminal);
    await pictureOf(browser, output, terminal, join(here, 'demo.png'));
  },

  /** Answers of the rehearsal: one whole, one that broke off, one that waits for its next attempt. */
  async chat() {
    const server = await ServerProcess.start(await buildAngularExample(), 'server/main.ts');
    for (const [path, options] of themed('chat', { viewport: { width: 860, height: 640 } })) {
      const page = await browser.newPage(options);
      await page.goto(server.url);
      const send = async (prompt: string): Promise<void> => {
        await page.getByRole('textbox', { name: 'Message' }).fill(prompt);
        await page.keyboard.press('Enter');
      };
      await send('/drop');
      await page.getByRole('button', { name: 'Continue', exact: true }).waitFor();
      await send('/busy');
      await page.locator('app-status-line').getByText('again in').waitFor();
      await wait(300);
      await page.screenshot({ path });
      await page.close();
    }
    await server.end('SIGKILL');
  },

  async inspector() {
    const { client, breakers, cooldowns, budget, streams$, close } = await startTraffic();
    const inspector = await startInspector({ client, breakers, cooldowns, budget, port: 0 });
    const streams = streams$.subscribe();
    for (const [path, options] of themed('inspector', { viewport: { width: 1280, height: 860 } })) {
      const page = await browser.newPage(options);
      await page.goto(inspector.url);
      // Until there is something to see.
      await wait(20_000);
      await page.screenshot({ path });
      await page.close();
    }
    streams.unsubscribe();
    await inspector.close();
    await close();
  },
};

/** A picture in each of the colour schemes. */
function themed(name: string, options: BrowserContextOptions): readonly (readonly [string, BrowserContextOptions])[] {
  const of = (colorScheme: 'light' | 'dark') => ({ ...options, colorScheme, deviceScaleFactor: 1.5 });
  return [
    [join(here, `${name}.png`), of('light')],
    [join(here, `${name}-dark.png`), of('dark')],
  ];
}

const wanted = process.argv.slice(2);
try {
  for (const [name, take] of Object.entries(pictures)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await take();
    process.stdout.write(`${name}.png\n`);
  }
} finally {
  await browser.close();
}
