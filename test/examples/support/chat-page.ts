import type { BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';

/** The page of the Angular example, as a test uses it. */
export class ChatPage {
  readonly page: Page;
  /** What the console said is wrong. */
  readonly errors: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('console', (message) => message.type() === 'error' && this.errors.push(message.text()));
    page.on('pageerror', (error) => this.errors.push(error.message));
  }

  static async open(context: BrowserContext, url: string): Promise<ChatPage> {
    const chat = new ChatPage(await context.newPage());
    await chat.page.goto(url);
    return chat;
  }

  async send(text: string): Promise<void> {
    await this.page.getByRole('textbox', { name: 'Message' }).fill(text);
    await this.page.keyboard.press('Enter');
  }

  button(name: string) {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** What the last answer says, as it was said. */
  text(): Promise<string> {
    return this.page.evaluate(() => {
      const blocks = [...document.querySelectorAll('.message:last-of-type.assistant :is(p, pre)')];
      return blocks
        .filter((block) => block.closest('app-message-text'))
        .map((block) => block.textContent)
        .join('\n\n');
    });
  }

  /** Waits until some words of the last answer are there. */
  async reads(words: number): Promise<string> {
    return await this.until(async () => {
      const text = await this.text();
      return text.split(/\s+/).length >= words && text;
    });
  }

  /** Waits until the last answer is over, and is this. */
  async shows(text: string): Promise<void> {
    // Asked for rather than waited for: a tab in the background draws no frames.
    await this.until(async () => (await this.button('Ask again').count()) > 0);
    expect(await this.text()).toBe(text);
  }

  async status(): Promise<string> {
    const line = this.page.locator('app-status-line');
    return (await line.count()) > 0 ? ((await line.textContent({ timeout: 500 }).catch(() => '')) ?? '').trim() : '';
  }

  /** Errors beside those of a network that was cut by the test. */
  get unexpectedErrors(): string[] {
    return this.errors.filter((error) => !/net::ERR_/.test(error));
  }

  async until<T>(condition: () => Promise<T | false>): Promise<T> {
    for (const begin = performance.now(); performance.now() - begin < 15_000; await this.page.waitForTimeout(25)) {
      const found = await condition();
      if (found !== false) return found;
    }
    throw new Error(`in vain; the page says ${await this.page.locator('main').textContent()}`);
  }
}
