/**
 * The pictures of this folder, made anew in a real browser: `npm run pictures`, or `npm run pictures -- demo`.
 *
 * Wants Chromium (`CHROMIUM`, default `/usr/bin/chromium`) and `script` of util-linux.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
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
};

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
