import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { type FaultServer, type RecordedRequest, startFaultServer } from 'steadystream/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerTo } from '../../examples/node/answers.ts';
import { rehearse } from '../../examples/node/rehearsal.ts';
import { RedisServer } from '../redis/redis-server.ts';
import { buildAngularExample } from './support/angular-example.ts';
import { ChatPage } from './support/chat-page.ts';
import { ServerProcess } from './support/server-process.ts';

let directory: string;
let browser: Browser;
let provider: FaultServer;
/** The server of the tests that leave it alone. */
let server: ServerProcess;
let context: BrowserContext;

beforeAll(async () => {
  directory = await buildAngularExample();
  provider = await startFaultServer(rehearse({ headersDelay: 50, tokenDelay: 10, retryAfter: 2 }));
  server = await serve();
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-quic'];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
}, 400_000);
afterAll(async () => {
  await browser?.close();
  await server?.end('SIGKILL');
  await provider?.close();
});

beforeEach(async () => {
  context = await browser.newContext();
});
const opened: (() => unknown)[] = [];
afterEach(async () => {
  await context.close();
  for (const close of opened.splice(0).reverse()) await close();
});

/** The example's server, whose provider is in this process, where it can be looked at. */
function serve(variables: Record<string, string> = {}): Promise<ServerProcess> {
  return ServerProcess.start(directory, 'server/main.ts', { OPENAI_API_KEY: 'test', OPENAI_BASE_URL: provider.url, ...variables });
}

/** One that a test may end. */
async function serveOnce(variables: Record<string, string> = {}): Promise<ServerProcess> {
  const own = await serve(variables);
  opened.push(() => own.end('SIGKILL'));
  return own;
}

function open(): Promise<ChatPage> {
  return ChatPage.open(context, server.url);
}

function requestsAbout(question: string): readonly RecordedRequest[] {
  return provider.requests.filter(({ text }) => text.includes(question));
}

describe('the chat', () => {
  it('shows an answer without a key, and says who gives it', async () => {
    const own = await ServerProcess.start(directory, 'server/main.ts');
    opened.push(() => own.end('SIGKILL'));
    const chat = await ChatPage.open(context, own.url);
    await chat.page.getByText('rehearsal · no-key-needed').waitFor();
    await chat.page.getByRole('button', { name: /A good day/ }).click();
    const beginning = await chat.reads(5);
    expect(answerTo('salt').startsWith(beginning)).toBe(true);
    await chat.shows(answerTo('salt'));
    expect(chat.errors).toEqual([]);
  });

  it('sends with Enter, begins a new line with Shift+Enter, and keeps the conversation', async () => {
    const chat = await open();
    const field = chat.page.getByRole('textbox', { name: 'Message' });
    await field.pressSequentially('Why is the sea');
    await chat.page.keyboard.press('Shift+Enter');
    await field.pressSequentially('salty?');
    await chat.page.keyboard.press('Enter');
    await chat.shows(answerTo('salt'));
    expect(await field.inputValue()).toBe('');
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
    await chat.send('And the purring?');
    await chat.shows(answerTo('purr'));
    expect(requestsAbout('And the purring?')[0]?.body).toMatchObject({
      messages: [
        { role: 'system' },
        { role: 'user', content: 'Why is the sea\nsalty?' },
        { role: 'assistant', content: answerTo('salt') },
        { role: 'user', content: 'And the purring?' },
      ],
    });
    expect(chat.errors).toEqual([]);
  });

  it('shows code in a block of its own', async () => {
    const chat = await open();
    await chat.send('Show me a debounce in TypeScript');
    await chat.page.locator('app-message-text pre').waitFor();
    await chat.until(async () => (await chat.button('Ask again').count()) > 0);
    const code = answerTo('code').match(/```ts\n(.*)\n```/s)?.[1];
    expect(await chat.page.locator('app-message-text pre').textContent()).toBe(code);
    expect(await chat.text()).not.toContain('```');
    expect(chat.errors).toEqual([]);
  });

  it('counts down to the next attempt, and then shows the answer', async () => {
    const chat = await open();
    await chat.send('/busy How do the tides work?');
    const status = await chat.until(async () => /trying again in \d s/.test(await chat.status()) && (await chat.status()));
    expect(status).toMatch(/^Busy, trying again in [123] s *attempt 2$/);
    await chat.until(async () => (await chat.status()).includes('attempt 3'));
    await chat.shows(answerTo('tides'));
    expect(chat.errors).toEqual([]);
  });

  it('keeps what was said before a failure, and continues it', async () => {
    const chat = await open();
    await chat.send('/drop What makes bread rise?');
    const failure = chat.page.getByRole('alert');
    expect(await failure.textContent()).toContain('The connection was lost. Please try again. What was said is kept.');
    const kept = await chat.text();
    expect(kept.split(' ')).toHaveLength(24);
    expect(answerTo('bread').startsWith(kept)).toBe(true);
    await chat.button('Continue').click();
    await failure.waitFor({ state: 'detached' });
    await chat.shows(answerTo('bread'));
    expect(chat.errors).toEqual([]);
  });

  it('ends an answer at its provider when it is stopped', async () => {
    const chat = await open();
    await chat.send('Stop a day in the life of light');
    await chat.reads(8);
    await chat.button('Stop').click();
    await chat.page.getByText('Stopped.').waitFor();
    const [asked] = requestsAbout('Stop a day');
    expect(await asked?.ended).toBe('aborted');
    const text = await chat.text();
    expect(answerTo('light').startsWith(text)).toBe(true);
    await chat.button('Continue').click();
    await chat.until(async () => (await chat.text()).length > text.length);
    await chat.shows(answerTo('light'));
    expect(chat.errors).toEqual([]);
  });

  it('is stopped while it waits for another attempt, and asks nothing more', async () => {
    const chat = await open();
    await chat.send('/busy Stop the tides');
    await chat.until(async () => (await chat.status()).startsWith('Busy'));
    await chat.button('Stop').click();
    await chat.page.getByText('Stopped.').waitFor();
    await chat.send('Why do cats purr?');
    // The stopped one has said nothing, and can be asked again too.
    await chat.reads(3);
    await chat.shows(answerTo('purr'));
    expect(await chat.page.getByText('Stopped.').count()).toBe(1);
    expect(requestsAbout('/busy Stop the tides').filter(({ text }) => !text.includes('purr'))).toHaveLength(1);
    expect(chat.errors).toEqual([]);
  });

  it('asks again, in the place of the answer', async () => {
    const chat = await open();
    await chat.send('Salt, anew');
    await chat.shows(answerTo('salt'));
    await chat.button('Ask again').click();
    await chat.button('Stop').waitFor();
    await chat.shows(answerTo('salt'));
    expect(await chat.page.locator('.message').count()).toBe(2);
    const [first, second] = requestsAbout('Salt, anew');
    expect(second?.body).toEqual(first?.body);
    expect(chat.errors).toEqual([]);
  });
});

describe('an answer on its way', () => {
  it('goes on after the page is loaded anew, and is asked for once', async () => {
    const chat = await open();
    await chat.send('Reload a day in the life of light');
    await chat.reads(20);
    await chat.page.reload();
    await chat.reads(25);
    await chat.page.reload();
    await chat.shows(answerTo('light'));
    expect(requestsAbout('Reload a day')).toHaveLength(1);
    expect(chat.unexpectedErrors).toEqual([]);
  });

  it('goes on after the network was away', async () => {
    const chat = await open();
    await chat.send('Offline a day in the life of light');
    await chat.reads(20);
    await context.setOffline(true);
    await chat.page.getByText('You are offline.').waitFor();
    await chat.page.waitForTimeout(500);
    await context.setOffline(false);
    await chat.page.getByText('You are offline.').waitFor({ state: 'detached' });
    await chat.shows(answerTo('light'));
    expect(requestsAbout('Offline a day')).toHaveLength(1);
    expect(chat.unexpectedErrors).toEqual([]);
  });

  it('is read in two tabs at once', async () => {
    const chat = await open();
    await chat.send('Twice a day in the life of light');
    // What the second tab begins with is kept every half second.
    await chat.until(() => chat.page.evaluate(() => sessionStorage.getItem('chat')?.includes('photon') ?? false));
    const [popup] = await Promise.all([context.waitForEvent('page'), chat.page.evaluate(() => void window.open(location.href))]);
    const other = new ChatPage(popup);
    await Promise.all([chat.shows(answerTo('light')), other.shows(answerTo('light'))]);
    expect(requestsAbout('Twice a day')).toHaveLength(1);
    expect([...chat.errors, ...other.errors]).toEqual([]);
  });

  it('loses no word when its server is killed, where streams are in Redis', async () => {
    const redis = await RedisServer.start();
    opened.push(() => redis.stop());
    const own = await serveOnce({ REDIS_URL: redis.url });
    const chat = await ChatPage.open(context, own.url);
    await chat.send('Killed a day in the life of light');
    await chat.reads(20);
    await own.end('SIGKILL');
    await chat.until(async () => (await chat.status()).startsWith('Connection lost, trying again'));
    await own.begin();
    // Who was killed is believed to live for ten seconds.
    await chat.button('Ask again').waitFor();
    await chat.shows(answerTo('light'));
    expect(chat.unexpectedErrors).toEqual([]);
  }, 60_000);

  it('comes to its end while its server ends, where streams are in memory', async () => {
    const own = await serveOnce();
    const chat = await ChatPage.open(context, own.url);
    await chat.send('Ending a day in the life of light');
    await chat.reads(20);
    const [status] = await Promise.all([own.end('SIGTERM'), chat.shows(answerTo('light'))]);
    expect(status).toBe(0);
    expect(chat.unexpectedErrors).toEqual([]);
  });

  it('keeps what was said when its server is killed, where streams are in memory, and can be continued', async () => {
    const own = await serveOnce();
    const chat = await ChatPage.open(context, own.url);
    await chat.send('Lost a day in the life of light');
    await chat.reads(20);
    await own.end('SIGKILL');
    await own.begin();
    expect(await chat.page.getByRole('alert').locator('p').textContent()).toContain(
      'The server no longer knows this answer. What was said is kept.',
    );
    await chat.button('Continue').click();
    await chat.page.getByRole('alert').waitFor({ state: 'detached' });
    await chat.shows(answerTo('light'));
    expect(chat.errors.filter((error) => !/net::ERR_|404/.test(error))).toEqual([]);
  });
});
