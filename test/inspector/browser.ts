import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Lane } from '../../src/inspector/index.ts';
import { afterwards } from '../integration/support.ts';

/** A real Chromium, without a window. */
export function launch(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-quic'];
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
}

/** The page of an inspector, which must never throw. */
export async function open(browser: Browser, url: string): Promise<Page> {
  const context = browser.contexts()[0] ?? (await browser.newContext({ viewport: { width: 1280, height: 800 } }));
  const page = await context.newPage();
  page.setDefaultTimeout(9_000);
  const problems: string[] = [];
  page.on('pageerror', ({ message }) => problems.push(message));
  page.on('console', (message) => {
    // A connection that is lost is no mistake of the page's.
    if (message.type() === 'error' && !/ERR_|Failed to load/.test(message.text())) problems.push(message.text());
  });
  afterwards(async () => {
    await page.close();
    expect(problems).toEqual([]);
  });
  await page.goto(url);
  await page.waitForSelector('.bar');
  return page;
}

/** The lanes that a page holds. */
export function lanesOf(page: Page): Promise<readonly Lane[]> {
  return page.evaluate(() =>
    JSON.parse(JSON.stringify((globalThis as unknown as { inspector: { lanes: readonly Lane[] } }).inspector.lanes)),
  );
}

/** The status of the row of a stream, as a person reads it. */
export async function statusOf(page: Page, requestId: string): Promise<string> {
  return (await page.locator('.row', { hasText: requestId }).locator('.status').textContent()) ?? '';
}
