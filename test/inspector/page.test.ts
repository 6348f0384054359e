import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { Subject } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCircuitBreakers, createCooldowns, createRetryBudget, type LifecycleEvent } from '../../src/index.ts';
import { type ChromeTrace, type InspectorOptions, recordLifecycle, startInspector } from '../../src/inspector/index.ts';
import { afterwards, clientOf, collect, request, serve } from '../integration/support.ts';
import { lanesOf, launch, open, statusOf } from './browser.ts';
import { Story } from './records.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
}, 60_000);
afterAll(() => browser?.close());

async function inspect(options: InspectorOptions) {
  const inspector = await startInspector({ port: 0, ...options });
  afterwards(() => inspector.close());
  return open(browser, inspector.url);
}

const busy = { status: 503, body: { error: { message: 'busy' } } };

describe('the page of a live client', () => {
  it('shows a stream as a lane: its attempt, the wait before its retry with what is left of it, and its end', async () => {
    const server = await serve([busy, { text: ['Hel', 'lo'], tokenDelay: 100 }]);
    const client = clientOf('openai', server.url, { retry: { initialDelay: 2_500, jitter: 'none' } });
    const page = await inspect({ client });
    await page.getByText('No streams yet.').waitFor();

    const ending = collect(client.stream(request, { requestId: 'one' }));
    const row = page.locator('.row', { hasText: 'one' });
    await row.locator('.status', { hasText: /^retry in [12]\.\d s$/ }).waitFor();
    await row.locator('.status', { hasText: /^retry in 0\.\d s$/ }).waitFor();
    expect(await page.locator('.chip[data-outcome=running] .count').textContent()).toBe('1');
    await ending;
    await page.locator('.row[data-outcome=ok]').waitFor();
    await page.locator('.chip[data-outcome=ok] .count', { hasText: '1' }).waitFor();
    expect(await page.locator('.chip[data-outcome=retried] .count').textContent()).toBe('1');
    expect(await lanesOf(page)).toMatchObject([
      { outcome: 'ok', attempts: [{ end: 'error', error: { status: 503 } }, { end: 'finish' }], waits: [{ kind: 'retry' }] },
    ]);
    const { x = 0, y = 0, width = 0 } = (await row.boundingBox()) ?? {};
    // From the end of the names to where it is now, until something is there.
    await expect
      .poll(async () => {
        for (let place = x + 320; place < x + width; place += 12) {
          await page.mouse.move(place, y + 20);
          await page.evaluate(() => new Promise(requestAnimationFrame));
          const text = await page.locator('.tooltip').textContent();
          if (text?.includes('attempt 1')) return text;
        }
        return '';
      })
      .toMatch(/attempt 1 · openai m-1 · \d+ ms\n.*HTTP 503/);
    // Drawn, and not only told of.
    const colours = await page.evaluate(() => {
      const canvas = document.querySelector('.lanes canvas') as HTMLCanvasElement;
      const { data } = canvas.getContext('2d')?.getImageData(330, 45, canvas.width - 330, 36) ?? { data: [] };
      return new Set(Array.from({ length: data.length / 4 }, (_, index) => data.slice(4 * index, 4 * index + 4).join())).size;
    });
    expect(colours).toBeGreaterThan(20);
  });

  it('shows a breaker that opens, what it refuses, who waits for a provider, and what is left for retries', async () => {
    const server = await serve([busy, busy, { status: 429, headers: { 'retry-after': '2' }, body: {} }, { text: 'Hi' }]);
    const [breakers, cooldowns, budget] = [
      createCircuitBreakers({ consecutiveFailures: 2, openFor: 9_000 }),
      createCooldowns(),
      createRetryBudget(),
    ];
    const client = clientOf('openai', server.url, { breakers, cooldowns, budget, retry: { maxAttempts: 2, initialDelay: 1 } });
    const page = await inspect({ client, breakers, cooldowns, budget });
    await collect(client.stream(request, { requestId: 'opens' }));
    await collect(client.stream(request, { requestId: 'refused' }));
    const breaker = page.locator('[data-card="Circuit breakers"] [data-state=open]');
    await breaker.waitFor();
    expect(await breaker.textContent()).toMatch(/openai m-1.*open.*probe in \d\.\d s.*failures in a row/);
    await page.locator('.row[data-outcome=failed]', { hasText: 'refused' }).waitFor();
    expect(await statusOf(page, 'refused')).toMatch(/refused|circuit-open/);
    await page.locator('[data-card="Retry budget"]', { hasText: 'tokens' }).waitFor();
    expect(await page.locator('[data-card="Retry budget"] meter').count()).toBe(1);

    breakers.reset();
    await page.locator('[data-card="Circuit breakers"] [data-state=closed]').waitFor();
    const ending = collect(client.stream(request, { requestId: 'waits' }));
    await page.locator('[data-card=Cooldowns] [data-state=cooldown]').waitFor();
    await ending;
    await expect.poll(async () => (await lanesOf(page)).at(-1)).toMatchObject({ requestId: 'waits', outcome: 'ok' });
  });

  it('draws plots of how fast answers came', async () => {
    const server = await serve({ text: ['One', ' two', ' three'], tokenDelay: 20, usage: { inputTokens: 3, outputTokens: 30 } });
    const client = clientOf('openai', server.url);
    const page = await inspect({ client });
    for (let each = 0; each < 4; each++) await collect(client.stream(request));
    for (const plot of ['firstContentMs', 'tokensPerSecond']) {
      await page.locator(`[data-plot=${plot}][data-points="4"] canvas`).waitFor();
      expect(await page.locator(`[data-plot=${plot}] .latest`).textContent()).toMatch(/^median \d/);
    }
  });

  it('tells all that is known of the stream that is chosen, without what was said', async () => {
    const server = await serve([busy, { text: 'a private answer' }]);
    const client = clientOf('openai', server.url);
    const page = await inspect({ client });
    await collect(client.stream({ ...request, messages: [{ role: 'user', content: 'a private question' }] }, { requestId: 'chosen' }));
    await page.locator('.row', { hasText: 'chosen' }).click();
    const details = page.locator('.details');
    await details.locator('tbody tr').nth(1).waitFor();
    expect(await details.locator('h2').textContent()).toBe('openai m-1');
    expect(await details.locator('tbody tr').first().textContent()).toContain('server-error 503');
    expect(await details.locator('.marble-text').textContent()).toMatch(
      /^- = \d+ms\nsource: *-*#\nsource: .*\|\n> client\.stream\(request\)\noutput: /,
    );
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(page.url()).origin });
    await details.locator('.marbles .copy').click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^```marble\n- = /);
    expect(await page.content()).not.toContain('private');
    expect(JSON.stringify(await lanesOf(page))).not.toContain('private');
  });

  it('shows requests and answers where that was asked for', async () => {
    const server = await serve({ text: 'a private answer' });
    const client = clientOf('openai', server.url);
    const page = await inspect({ client, content: true });
    await collect(client.stream({ ...request, messages: [{ role: 'user', content: '<b>a private question</b>' }] }));
    await page.locator('.row').click();
    await page.locator('.content', { hasText: '<b>a private question</b>' }).waitFor();
    await page.locator('.content', { hasText: 'a private answer' }).waitFor();
  });

  it('comes back after its server was restarted', async () => {
    const lifecycle$ = new Subject<LifecycleEvent>();
    const first = await startInspector({ client: { lifecycle$ }, port: 0 });
    const page = await open(browser, first.url);
    await page.locator('.connection[data-state=live]').waitFor();
    await first.close();
    await page.locator('.connection[data-state=lost]').waitFor();
    const again = await startInspector({ client: { lifecycle$ }, port: Number(new URL(first.url).port) });
    afterwards(() => again.close());
    await page.locator('.connection[data-state=live]').waitFor();
    const moment = { requestId: 'after', callId: 'c', provider: 'acme', model: 'm-1', attempt: 1, elapsedMs: 1 };
    lifecycle$.next({ type: 'attempt', ...moment });
    await page.locator('.row', { hasText: 'after' }).waitFor();
  });

  it('stays responsive with a thousand streams at once', async () => {
    const lifecycle$ = new Subject<LifecycleEvent>();
    const page = await inspect({ client: { lifecycle$ } });
    await page.locator('.connection[data-state=live]').waitFor();
    const tell = (index: number, type: 'attempt' | 'headers' | 'first-content', elapsedMs: number): void => {
      const moment = { requestId: `req_${index}`, callId: String(index), provider: 'acme', model: `m-${index % 5}`, attempt: 1, elapsedMs };
      lifecycle$.next((type === 'headers' ? { ...moment, type, status: 200 } : { ...moment, type }) as LifecycleEvent);
    };
    for (let each = 0; each < 1_000; each++) tell(each, 'attempt', 1);
    await page.locator('.chip[data-outcome=running] .count', { hasText: '1,000' }).waitFor();
    const frames = () => page.evaluate(() => (globalThis as unknown as { inspector: { frames: number } }).inspector.frames);
    const before = await frames();
    for (let each = 0; each < 1_000; each++) {
      tell(each, 'headers', 500);
      tell(each, 'first-content', 600);
      if (each % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const asked = performance.now();
    await page.locator('.rows').press('ArrowDown');
    await page.locator('.details h2', { hasText: 'acme' }).waitFor();
    expect(performance.now() - asked).toBeLessThan(3_000);
    expect((await frames()) - before).toBeGreaterThan(10);
    // Only what is visible is there.
    expect(await page.locator('.row').count()).toBeLessThan(60);
  });
});

describe('the page of a recorded log', () => {
  it('shows the same lanes as the page that was open meanwhile, and saves them as a trace', async () => {
    const server = await serve([busy, { text: ['Hel', 'lo'] }, { text: 'Again', after: 1, fault: 'reset' }, { status: 401, body: {} }]);
    const client = clientOf('openai', server.url);
    const path = join(tmpdir(), `steadystream-inspector-${process.pid}.ndjson`);
    afterwards(() => rm(path));
    const recording = recordLifecycle({ client }, path);
    const live = await inspect({ client });
    await live.locator('.connection[data-state=live]').waitFor();
    for (let each = 0; each < 3; each++) await collect(client.stream(request));
    await live.locator('.row').nth(2).waitFor();
    await expect.poll(async () => (await lanesOf(live)).every(({ outcome }) => outcome !== 'running')).toBe(true);
    await recording.close();
    const recorded = await inspect({ log: path });
    await recorded.locator('.row').nth(2).waitFor();
    expect(await recorded.locator('.connection').textContent()).toBe('recorded log');
    // Each of them looks at its own clock.
    const told = async (page: typeof live) =>
      (await lanesOf(page)).map(({ requestId, outcome, attempts, waits, marks }) => ({
        ...{ requestId, outcome, marks: marks.map(({ type, label }) => [type, label]) },
        ...{
          attempts: attempts.map(({ number, end, error }) => [number, end, error]),
          waits: waits.map(({ kind, category }) => [kind, category]),
        },
      }));
    expect(await told(recorded)).toEqual(await told(live));

    const downloading = recorded.waitForEvent('download');
    await recorded.locator('[data-action=save-trace]').click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^steadystream-trace-.*\.json$/);
    const trace = JSON.parse(await readFile(await download.path(), 'utf8')) as ChromeTrace;
    expect(trace.displayTimeUnit).toBe('ms');
    const streams = trace.traceEvents.filter(({ cat }) => cat === 'stream');
    expect(streams).toHaveLength(3);
    for (const { ph, ts, dur, pid, tid, name } of trace.traceEvents) {
      expect([typeof ph, typeof pid, typeof tid, typeof name]).toEqual(['string', 'number', 'number', 'string']);
      if (ph === 'X') expect(Number.isInteger(ts) && Number.isInteger(dur) && (dur ?? -1) >= 0).toBe(true);
    }
  });

  it('can be filtered, walked through by keys, and seen dark or light', async () => {
    const records = [
      ...new Story('first').attempt(0).finish(100).records,
      ...new Story('second', 50).attempt(50).retry(80, 20).attempt(100).fail(200).records,
      ...new Story('third', 90).attempt(90).cancel(150).records,
    ];
    const page = await inspect({ log: records });
    const shown = async () => (await page.locator('.row .id').allTextContents()).sort();
    await page.locator('.row').nth(2).waitFor();
    expect(await shown()).toEqual(['first', 'second', 'third']);

    await page.locator('.chip[data-outcome=failed]').click();
    await expect.poll(shown).toEqual(['second']);
    await page.locator('.chip[data-outcome=failed]').click();
    await page.locator('.chip[data-outcome=retried]').click();
    await expect.poll(shown).toEqual(['second']);
    await page.locator('.chip[data-outcome=retried]').click();
    await page.keyboard.press('/');
    await page.keyboard.type('thi');
    await expect.poll(shown).toEqual(['third']);
    await page.keyboard.press('Escape');
    await page.locator('input[type=search]').fill('');
    await expect.poll(shown).toEqual(['first', 'second', 'third']);

    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.locator('.details .request-id', { hasText: 'second' }).waitFor();
    expect(await page.locator('.spoken').textContent()).toContain('second');
    await page.keyboard.press('Escape');
    await page.locator('.details').waitFor({ state: 'hidden' });

    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await background();
    await page.keyboard.press('t');
    expect(await background()).not.toBe(before);
    await page.keyboard.press('?');
    await page.locator('.help').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.help').waitFor({ state: 'hidden' });
  });
});

describe('pausing', () => {
  it('keeps what is seen as it is, and resuming shows what came meanwhile', async () => {
    const lifecycle$ = new Subject<LifecycleEvent>();
    const page = await inspect({ client: { lifecycle$ } });
    const tell = (id: string) =>
      lifecycle$.next({ type: 'attempt', requestId: id, callId: id, provider: 'acme', model: 'm-1', attempt: 1, elapsedMs: 1 });
    await page.locator('.connection[data-state=live]').waitFor();
    tell('before');
    await page.locator('.row', { hasText: 'before' }).waitFor();
    await page.keyboard.press('Space');
    await page.locator('.connection[data-state=paused]').waitFor();
    tell('meanwhile');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await page.locator('.row').count()).toBe(1);
    await page.keyboard.press('Space');
    await page.locator('.row', { hasText: 'meanwhile' }).waitFor();
  });
});
