import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startUseChat } from '../../examples/use-chat/server.ts';
import { type ClientConfig, createClient, openai } from '../../src/index.ts';
import { type FaultServer, type Script, startFaultServer } from '../../src/testing/index.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-quic'],
  });
}, 60_000);
afterAll(() => browser?.close());

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** The example with a provider that misbehaves as a test says, and its page. */
class Example {
  readonly provider: FaultServer;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly url: string;
  /** Ends the connections of the page. */
  readonly cut: () => void;

  private constructor(provider: FaultServer, context: BrowserContext, page: Page, url: string, cut: () => void) {
    this.provider = provider;
    this.context = context;
    this.page = page;
    this.url = url;
    this.cut = cut;
  }

  /** The messages of a request to the provider. */
  asked(index: number): unknown {
    return (this.provider.requests[index]?.body as { messages?: unknown } | undefined)?.messages;
  }

  static async open(script: Script, config: Partial<ClientConfig> = {}): Promise<Example> {
    const provider = await startFaultServer(script);
    opened.push(() => provider.close());
    const client = createClient({ provider: openai({ baseURL: provider.url, apiKey: 'none' }), ...config });
    const { url, server, close } = await startUseChat({ client, model: 'm-1' });
    opened.push(close);
    const context = await browser.newContext();
    opened.push(() => context.close());
    const page = await context.newPage();
    await page.goto(url);
    return new Example(provider, context, page, url, () => server.closeAllConnections());
  }

  async send(text: string): Promise<void> {
    await this.page.getByLabel('Message').fill(text);
    await this.press('Send');
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  /** All that the model is shown to have said. */
  async shows(text: string): Promise<void> {
    await this.page.waitForFunction(
      (expected) => [...document.querySelectorAll('article.assistant')].map((each) => each.textContent).join('|') === expected,
      text,
      { timeout: 10_000 },
    );
  }

  async is(status: string): Promise<void> {
    await this.page.waitForSelector(`main[data-status=${status}]`, { timeout: 10_000 });
  }
}

/** Something that a test holds in its hand. */
function hold() {
  let release = (): void => {};
  const wait = new Promise<void>((resolve) => {
    release = resolve;
  });
  opened.push(() => release());
  return { wait, release: () => release() };
}

/** An answer that waits in its middle. */
function heldAnswer() {
  const { wait, release } = hold();
  return { answer: { text: ['One ', 'two ', 'three.'], after: 2, fault: { wait } } as const, release };
}

const whole = 'One two three.';
const half = 'One two ';

describe('a page with useChat', () => {
  it('shows an answer while it comes, and sends what was said before with the next question', async () => {
    const { answer, release } = heldAnswer();
    const example = await Example.open([answer, { text: 'Again.' }]);
    await example.send('Hello');
    await example.shows(half);
    await example.is('streaming');
    release();
    await example.shows(whole);
    await example.is('ready');

    await example.send('And?');
    await example.shows(`${whole}|Again.`);
    expect(example.asked(1)).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: whole },
      { role: 'user', content: 'And?' },
    ]);
  });

  it('is served on after a request for an address that is none', async () => {
    const { url } = await Example.open([]);
    expect((await fetch(`${url}/`)).status).toBe(200);
    expect((await fetch(url)).status).toBe(200);
  });

  it('goes on where it was when it is loaded anew, with each word once and one request', async () => {
    const { answer, release } = heldAnswer();
    const example = await Example.open([answer]);
    await example.send('Hello');
    await example.shows(half);
    await example.page.reload();
    await example.shows(half);
    await example.is('streaming');
    release();
    await example.shows(whole);
    await example.is('ready');
    expect(example.provider.requests).toHaveLength(1);
    expect(await example.provider.requests[0]?.ended).toBe('complete');
  });

  it('stops nothing by leaving, and comes back to the whole', async () => {
    const { answer, release } = heldAnswer();
    const example = await Example.open([answer]);
    await example.send('Hello');
    await example.shows(half);
    await example.page.goto('about:blank');
    release();
    expect(await example.provider.requests[0]?.ended).toBe('complete');
    await example.page.goto(example.url);
    await example.shows(whole);
  });

  it('stops, after it was loaded anew, down to the socket of the provider', async () => {
    const { answer } = heldAnswer();
    const example = await Example.open([answer]);
    await example.send('Hello');
    await example.shows(half);
    await example.page.reload();
    await example.shows(half);
    await example.press('Stop');
    await example.is('ready');
    expect(await example.provider.requests[0]?.ended).toBe('aborted');
    await example.shows(half);
    expect(await example.page.getByRole('alert').count()).toBe(0);
  });

  it('keeps what was said before a failure, tells of it in words for people, and can try again', async () => {
    const example = await Example.open([{ text: ['One ', 'two ', 'three.'], after: 2, fault: 'reset' }, { text: 'Well.' }]);
    await example.send('Hello');
    await example.is('error');
    await example.shows(half);
    const alert = await example.page.getByRole('alert').textContent();
    expect(alert).toMatch(/^The connection/);
    expect(alert).not.toContain('ECONNRESET');
    await example.press('Try again');
    await example.shows('Well.');
    await example.is('ready');
  });

  it('answers a question anew', async () => {
    const example = await Example.open([{ text: 'First.' }, { text: 'Second.' }]);
    await example.send('Hello');
    await example.shows('First.');
    await example.is('ready');
    await example.press('Again');
    await example.shows('Second.');
    expect(example.asked(1)).toEqual([{ role: 'user', content: 'Hello' }]);
  });

  it('shows the call of a tool, what came of it, and the answer', async () => {
    const example = await Example.open([{ toolCalls: [{ name: 'weather', input: { city: 'Zurich' } }] }, { text: 'Warm.' }]);
    await example.send('How is the weather?');
    await example.is('ready');
    await example.shows('weather {"city":"Zurich","degrees":21}Warm.');
  });

  it('goes on when the network is back', async () => {
    const { answer, release } = heldAnswer();
    const example = await Example.open([answer]);
    await example.send('Hello');
    await example.shows(half);
    await example.context.setOffline(true);
    example.cut();
    await example.is('error');
    release();
    await example.shows(half);
    expect(await example.provider.requests[0]?.ended).toBe('complete');
    await example.context.setOffline(false);
    await example.shows(whole);
    await example.is('ready');
  });

  it('shows no void text after a restart', async () => {
    const example = await Example.open([{ text: ['One ', 'two '], after: 2, fault: 'reset' }, { text: 'Other words.' }], {
      recovery: ['restart'],
    });
    await example.send('Hello');
    await example.shows('Other words.');
    await example.is('ready');
  });
});

describe('the example', () => {
  it('starts by one command, without a key', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'examples/use-chat/main.ts'], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, OPENAI_API_KEY: undefined },
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    opened.push(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    const url = await new Promise<string>((resolve, reject) => {
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const address = /^Open (\S+)$/m.exec(output)?.[1];
        if (address) resolve(address);
      });
      child.once('close', () => reject(new Error(`it has ended: ${output}`)));
    });
    const body = JSON.stringify({ id: 'chat-1', messages: [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'The weather?' }] }] });
    const response = await fetch(`${url}api/chat`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(await response.text()).toMatch(/"degrees":21.*"finishReason":"stop".*\[DONE\]/s);
    child.kill('SIGINT');
    expect(await ended).toBe(0);
  });
});
